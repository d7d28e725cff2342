// Puts the parts together: which conversation is shown, and what each action does.
import { Chat, type Run } from './chat';
import { Connection } from './connection';
import { askTitle, confirmDialog, notice } from './dialogs';
import { announce, button, byId, h, icon } from './dom';
import { Follower } from './scroll';
import { settingsDialog } from './settings';
import { Speech } from './speech';
import { Store, type Hit } from './store';
import { MemoryStore, type AnyStore } from './store_memory';
import { exportText, ImportError, importText, MAX_BYTES } from './transfer';
import { addTurn, chooseSibling, contextTokens, emptyTree, isId, newId, pathOf, titleFrom } from './tree';
import type { Conversation, Head, Turn } from './types';
import { ComposerView } from './view_composer';
import { MessagesView } from './view_messages';
import { SidebarView } from './view_sidebar';
import { showGauge, StatusView } from './view_status';

const NEW = 'new'; // the draft of the conversation that has no message yet

async function main(): Promise<void> {
  const store: AnyStore = await Store.open().catch(() => {
    void notice('Nothing is kept', 'This browser does not let the page keep conversations. They are gone when the page is closed.');
    return new MemoryStore();
  });
  let current: Conversation | null = null;
  let heads: Head[] = [];
  let hits: Hit[] | null = null;
  let searching = new AbortController();
  let opening = 0; // so that of two quick clicks the second one counts

  const speech = new Speech();
  const server = new Connection(() => refresh());
  const content = byId('content', HTMLElement);
  const jump = button('Go to the end', 'down', () => follower.follow(), 'jump');
  jump.hidden = true;
  byId('jump-place', HTMLElement).append(jump);
  const follower = new Follower(byId('scroller', HTMLElement), content, (following) => {
    jump.hidden = following;
  });

  const shown = (run: Run): boolean => run.conversation === current;
  let painting = false;
  let cost = 0; // ms that the last drawing took
  const chat = new Chat(store, server, {
    started: (run) => {
      if (shown(run)) announce('The answer begins.');
      refresh();
    },
    saved: () => void listChanged(),
    grew: (run, text) => {
      if (!shown(run)) return;
      speech.add(text);
      if (painting) return;
      painting = true;
      // Not more than a quarter of the time goes into drawing, so that a slow
      // machine has time for the answer itself.
      setTimeout(() => requestAnimationFrame(() => {
        painting = false;
        if (!shown(run) || !chat.runs.has(run.conversation.id)) return;
        const start = performance.now();
        messages.grow(run);
        follower.grown();
        cost = performance.now() - start;
      }), cost * 3);
    },
    ended: (run) => {
      if (shown(run)) speech.end(run.turn.state === 'error' ? `The answer failed. ${run.turn.error ?? ''}` : run.turn.state === 'stopped' ? 'Stopped.' : 'The answer is complete.');
      refresh();
      follower.grown();
    },
  });

  const messages = new MessagesView({
    edit: (turn, text) => send(text, turn.parent),
    regenerate: (turn) => {
      if (!current || !turn.parent) return;
      void chat.answer(current, turn.parent);
      follower.follow();
      composer.focus();
    },
    retry: (turn) => {
      if (!current) return;
      void chat.retry(current, turn);
      composer.focus();
    },
    sibling: (turn: Turn, step: number) => {
      if (!current) return;
      chooseSibling(current.tree, turn, step);
      refresh();
      const now = pathOf(current.tree).find((each) => each.parent === turn.parent);
      if (now) messages.focusBranches(now.id, step);
      void chat.save(current);
    },
  });
  content.append(messages.element);

  const composer = new ComposerView(byId('composer', HTMLFormElement), store, {
    send: (text) => send(text, current ? (pathOf(current.tree).at(-1)?.id ?? null) : null),
    stop: () => stop(),
  });
  const status = new StatusView(server, byId('screen', HTMLElement), byId('banner', HTMLElement), byId('device', HTMLDetailsElement));
  const sidebar = new SidebarView({
    open: (id) => {
      drawer(false);
      void open(id);
    },
    rename: async (head) => {
      const title = await askTitle(head.title);
      if (title === null) return;
      await store.rename(head.id, title);
      if (current?.id === head.id) current.title = title;
      const run = chat.runs.get(head.id);
      if (run) run.conversation.title = title;
      await listChanged();
      refresh();
    },
    remove: async (head) => {
      if (!(await confirmDialog('Delete the conversation?', `“${head.title}” is deleted for good.`, 'Delete'))) return;
      chat.runs.get(head.id)?.stop();
      await store.remove(head.id);
      if (current?.id === head.id) await open('');
      await listChanged();
    },
    search: (words) => void search(words),
  }, { search: byId('search', HTMLInputElement), list: byId('list', HTMLElement), empty: byId('none', HTMLElement) });

  function send(text: string, parent: string | null): void {
    if (!server.model) return;
    if (!current) {
      const now = Date.now();
      current = { id: newId('c'), title: titleFrom(text), created: now, updated: now, tree: emptyTree() };
      composer.moveDraft(current.id);
      history.pushState(null, '', `#${current.id}`);
    }
    if (chat.runs.has(current.id)) return;
    const turn = addTurn(current.tree, parent, 'user', text);
    void chat.answer(current, turn.id);
    follower.follow();
    composer.focus();
  }

  function stop(): boolean {
    const run = current ? chat.runs.get(current.id) : undefined;
    run?.stop();
    return run !== undefined;
  }

  // Without an id, or with one that is not kept: a new conversation.
  async function open(id: string, reload = false): Promise<void> {
    if (!reload && id === (current?.id ?? '')) {
      composer.focus();
      return;
    }
    const mine = ++opening;
    const loaded = chat.runs.get(id)?.conversation ?? (isId(id, 'c') ? await store.load(id).catch(() => null) : null);
    if (mine !== opening) return;
    speech.drop();
    current = loaded;
    if (location.hash.slice(1) !== (loaded?.id ?? '')) history.pushState(null, '', loaded ? `#${loaded.id}` : location.pathname + location.search);
    if (!reload || !loaded) await composer.showDraft(loaded?.id ?? NEW);
    refresh();
    if (reload) return;
    follower.follow();
    composer.focus();
  }

  async function listChanged(): Promise<void> {
    heads = await store.heads();
    if (sidebar.words) await search(sidebar.words);
    else showList();
  }

  async function search(words: string): Promise<void> {
    searching.abort();
    const mine = (searching = new AbortController());
    const found = words ? await store.search(words, mine.signal) : null;
    if (mine.signal.aborted) return;
    hits = found;
    showList();
  }

  function showList(): void {
    sidebar.show(heads, hits, current?.id ?? '', (id) => chat.runs.has(id));
  }

  function refresh(): void {
    const run = current ? chat.runs.get(current.id) : undefined;
    const path = current ? pathOf(current.tree) : [];
    messages.show(current, run);
    status.show(path.length === 0);
    composer.set(run !== undefined, server.status === 'ready' && server.model !== undefined);
    showGauge(byId('gauge', HTMLElement), contextTokens(path), server.model?.contextLength ?? null);
    byId('model', HTMLElement).textContent = server.model?.id ?? '';
    const title = current?.title ?? 'New chat';
    byId('title', HTMLElement).textContent = title;
    document.title = current ? `${title} – Ovenbird` : 'Ovenbird';
    showList();
    follower.grown();
  }

  // On a narrow window the list lies over the conversation.
  const narrow = matchMedia('(max-width: 760px)');
  const menu = button('Conversations', 'menu', () => drawer(true), 'menu');
  menu.setAttribute('aria-expanded', 'false');
  function drawer(opened: boolean): void {
    const was = document.body.classList.contains('drawer');
    opened &&= narrow.matches;
    document.body.classList.toggle('drawer', opened);
    byId('shade', HTMLElement).hidden = !opened;
    byId('page', HTMLElement).inert = opened;
    byId('sidebar', HTMLElement).inert = narrow.matches && !opened;
    menu.setAttribute('aria-expanded', String(opened));
    if (opened) byId('new', HTMLElement).focus();
    else if (was) menu.focus();
  }
  narrow.addEventListener('change', () => drawer(false));
  byId('shade', HTMLElement).addEventListener('click', () => drawer(false));

  const settings = button('Settings', 'settings', async () => {
    const edited = await settingsDialog({ ...server.settings, model: server.model?.id ?? server.settings.model }, server.key, server.models);
    if (!edited) return;
    if (edited.key !== server.key) server.useKey(edited.key);
    server.useSettings(edited.settings);
    if (server.status !== 'ready') server.retry();
  });
  const header = document.querySelector('header')!;
  header.prepend(menu);
  header.append(settings);
  const newButton = byId('new', HTMLButtonElement);
  newButton.append(icon('plus'), h('span', {}, 'New chat'));
  newButton.title = 'New chat (Ctrl+Shift+O)';
  const startNew = (): void => {
    drawer(false);
    void open('');
  };
  newButton.addEventListener('click', startNew);
  document.querySelector('#sidebar .top')!.append(button('Close the list', 'close', () => drawer(false), 'close'));

  byId('export', HTMLButtonElement).addEventListener('click', async () => {
    const url = URL.createObjectURL(new Blob([exportText(await store.all())], { type: 'application/json' }));
    h('a', { href: url, download: `ovenbird-chats-${new Date().toISOString().slice(0, 10)}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  });
  const file = byId('file', HTMLInputElement);
  byId('import', HTMLButtonElement).addEventListener('click', () => file.click());
  file.addEventListener('change', async () => {
    const chosen = file.files?.[0];
    file.value = '';
    if (!chosen) return;
    try {
      if (chosen.size > MAX_BYTES) throw new ImportError('The file is too large.');
      const brought = importText(await chosen.text());
      await store.adopt(brought);
      await listChanged();
      if (current && !chat.runs.has(current.id)) await open(current.id, true);
      void notice('Imported', `${brought.length} ${brought.length === 1 ? 'conversation is' : 'conversations are'} in the list now.`);
    } catch (error) {
      void notice('Not imported', error instanceof ImportError ? error.message : 'The file could not be kept.');
    }
  });

  addEventListener('keydown', (event) => {
    if (document.querySelector('dialog[open]') || event.isComposing) return;
    const command = event.ctrlKey || event.metaKey;
    const letter = event.key.toLowerCase();
    if (event.key === 'Escape') {
      const device = byId('device', HTMLDetailsElement);
      if (document.body.classList.contains('drawer')) drawer(false);
      else if (device.open) device.open = false;
      else stop();
    } else if (command && event.shiftKey && letter === 'o') {
      event.preventDefault();
      startNew();
    } else if (command && !event.shiftKey && letter === 'k') {
      event.preventDefault();
      drawer(true);
      sidebar.search.focus();
      sidebar.search.select();
    }
  });
  addEventListener('click', (event) => {
    const device = byId('device', HTMLDetailsElement);
    if (device.open && event.target instanceof Node && !device.contains(event.target)) device.open = false;
  });
  addEventListener('popstate', () => void open(location.hash.slice(1)));
  addEventListener('pagehide', () => chat.saveAll());
  store.onChange(async (id) => {
    await listChanged();
    // Another tab has added to what is shown here, or deleted it.
    if (current && id === current.id && !chat.runs.has(id)) await open(id, true);
  });

  drawer(false);
  await open(location.hash.slice(1), true);
  if (current) await composer.showDraft((current as Conversation).id);
  await listChanged();
  follower.follow();
  composer.focus();
  await server.connect();
}

void main();
