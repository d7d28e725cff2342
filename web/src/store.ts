// Conversations in the browser's IndexedDB. Two object stores: `heads` for the
// list and `trees` for the messages, so that the list does not load them all.
import { mergeTrees } from './tree';
import type { Conversation, Head, Tree } from './types';

export interface Hit {
  id: string;
  snippet: string;
}

const NAME = 'ovenbird';
const HEADS = 'heads';
const TREES = 'trees';
const DRAFTS = 'drafts';
const ALL = [HEADS, TREES, DRAFTS];

function wait<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the store failed'));
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error('the store failed'));
  });
}

const copy = <T>(value: T): T => structuredClone(value);

export class Store {
  private readonly channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(NAME) : null;
  // What this tab knows to be kept. If such a one is missing, another tab has
  // deleted it, and writing must not bring it back.
  private readonly kept = new Set<string>();

  private constructor(private readonly db: IDBDatabase) {
    // Another tab with a newer page must not be kept waiting.
    db.onversionchange = () => db.close();
  }

  static async open(): Promise<Store> {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      for (const name of ALL) request.result.createObjectStore(name);
    };
    return new Store(await wait(request));
  }

  // Tells of changes that other tabs made.
  onChange(told: (id: string) => void): void {
    if (this.channel) this.channel.onmessage = (event) => told(String(event.data));
  }

  async heads(): Promise<Head[]> {
    const heads: Head[] = await wait(this.db.transaction(HEADS).objectStore(HEADS).getAll());
    for (const head of heads) this.kept.add(head.id);
    return heads.sort((a, b) => b.updated - a.updated);
  }

  async load(id: string): Promise<Conversation | null> {
    const transaction = this.db.transaction([HEADS, TREES]);
    const [head, tree] = await Promise.all([
      wait<Head | undefined>(transaction.objectStore(HEADS).get(id)),
      wait<Tree | undefined>(transaction.objectStore(TREES).get(id)),
    ]);
    if (!head || !tree) return null;
    this.kept.add(id);
    return { ...head, tree };
  }

  async all(): Promise<Conversation[]> {
    const made: Conversation[] = [];
    for (const head of await this.heads()) {
      const conversation = await this.load(head.id);
      if (conversation) made.push(conversation);
    }
    return made;
  }

  // Reads and writes in one transaction, so that two tabs cannot lose each
  // other's turns. The title in the store wins: `rename` alone changes it.
  async save(conversation: Conversation, tell = true): Promise<void> {
    const { tree, ...head } = copy(conversation);
    const transaction = this.db.transaction([HEADS, TREES], 'readwrite');
    const end = finished(transaction);
    const heads = transaction.objectStore(HEADS);
    const trees = transaction.objectStore(TREES);
    const [oldHead, oldTree] = await Promise.all([
      wait<Head | undefined>(heads.get(head.id)),
      wait<Tree | undefined>(trees.get(head.id)),
    ]);
    if (!oldHead && this.kept.has(head.id)) return;
    heads.put(oldHead ? { ...head, title: oldHead.title } : head, head.id);
    trees.put(oldTree ? mergeTrees(tree, oldTree) : tree, head.id);
    await end;
    this.kept.add(head.id);
    if (tell) this.tell(head.id);
  }

  async rename(id: string, title: string): Promise<void> {
    const transaction = this.db.transaction(HEADS, 'readwrite');
    const end = finished(transaction);
    const head: Head | undefined = await wait(transaction.objectStore(HEADS).get(id));
    if (head) transaction.objectStore(HEADS).put({ ...head, title }, id);
    await end;
    this.tell(id);
  }

  async remove(id: string): Promise<void> {
    const transaction = this.db.transaction(ALL, 'readwrite');
    const end = finished(transaction);
    for (const name of ALL) transaction.objectStore(name).delete(id);
    await end;
    this.tell(id);
  }

  // An import may bring back what was deleted; that is what it is for.
  async adopt(conversations: Conversation[]): Promise<void> {
    for (const conversation of conversations) {
      this.kept.delete(conversation.id);
      await this.save(conversation, false);
    }
    this.tell('');
  }

  // Looks at titles and texts, one conversation at a time.
  async search(words: string, stop: AbortSignal): Promise<Hit[]> {
    const wanted = words.toLowerCase();
    const hits: Hit[] = [];
    for (const head of await this.heads()) {
      if (stop.aborted) return [];
      const inTitle = head.title.toLowerCase().includes(wanted);
      let snippet = '';
      const tree: Tree | undefined = await wait(this.db.transaction(TREES).objectStore(TREES).get(head.id));
      for (const turn of tree?.turns ?? []) {
        const at = turn.content.toLowerCase().indexOf(wanted);
        if (at < 0) continue;
        snippet = (at > 20 ? '…' : '') + turn.content.slice(Math.max(0, at - 20), at + 80).replace(/\s+/g, ' ');
        break;
      }
      if (inTitle || snippet) hits.push({ id: head.id, snippet });
    }
    return hits;
  }

  async draft(id: string): Promise<string> {
    const text: unknown = await wait(this.db.transaction(DRAFTS).objectStore(DRAFTS).get(id));
    return typeof text === 'string' ? text : '';
  }

  async setDraft(id: string, text: string): Promise<void> {
    const transaction = this.db.transaction(DRAFTS, 'readwrite');
    const end = finished(transaction);
    if (text) transaction.objectStore(DRAFTS).put(text, id);
    else transaction.objectStore(DRAFTS).delete(id);
    await end;
  }

  private tell(id: string): void {
    this.channel?.postMessage(id);
  }
}
