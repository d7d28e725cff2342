// The list of conversations with its search.
import { button, h } from './dom';
import type { Hit } from './store';
import type { Head } from './types';

export interface SidebarActions {
  open(id: string): void;
  rename(head: Head): void;
  remove(head: Head): void;
  search(words: string): void;
}

export class SidebarView {
  readonly search: HTMLInputElement;
  private readonly list: HTMLElement;
  private readonly empty: HTMLElement;

  constructor(private readonly actions: SidebarActions, parts: { search: HTMLInputElement; list: HTMLElement; empty: HTMLElement }) {
    this.search = parts.search;
    this.list = parts.list;
    this.empty = parts.empty;
    let timer = 0;
    this.search.addEventListener('input', () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => actions.search(this.words), 150);
    });
    this.search.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.search.value) return;
      event.stopPropagation();
      event.preventDefault();
      this.search.value = '';
      actions.search('');
    });
  }

  get words(): string {
    return this.search.value.trim();
  }

  // `hits` is null without a search.
  show(heads: Head[], hits: Hit[] | null, current: string, running: (id: string) => boolean): void {
    const snippets = new Map(hits?.map((hit) => [hit.id, hit.snippet]));
    const shown = hits ? heads.filter((head) => snippets.has(head.id)) : heads;
    this.empty.textContent = shown.length ? '' : hits ? 'Nothing found.' : 'No conversations yet.';
    this.list.hidden = shown.length === 0;
    const focused = this.list.contains(document.activeElement) ? document.activeElement?.getAttribute('data-key') : null;
    this.list.replaceChildren(...shown.map((head) => this.row(head, snippets.get(head.id) ?? '', head.id === current, running(head.id))));
    if (focused) this.list.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus();
  }

  private row(head: Head, snippet: string, current: boolean, running: boolean): HTMLElement {
    const open = h('button', {
      type: 'button', class: 'conversation', 'data-key': `open-${head.id}`, title: head.title,
      'aria-current': current ? 'page' : undefined,
      click: () => this.actions.open(head.id),
    }, h('span', { class: 'name' }, head.title), running && h('span', { class: 'live' }, 'answering'), snippet && h('span', { class: 'snippet' }, snippet));
    const rename = button(`Rename “${head.title}”`, 'edit', () => this.actions.rename(head), 'rename');
    const remove = button(`Delete “${head.title}”`, 'trash', () => this.actions.remove(head), 'remove');
    rename.setAttribute('data-key', `rename-${head.id}`);
    remove.setAttribute('data-key', `remove-${head.id}`);
    return h('li', { class: current ? 'current' : '' }, open, rename, remove);
  }
}
