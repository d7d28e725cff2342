// Stands in where the browser forbids its store: all works until the page is
// closed, and the page says so.
import type { Hit, Store } from './store';
import type { Conversation, Head } from './types';

export type AnyStore = Pick<Store, 'onChange' | 'heads' | 'load' | 'all' | 'save' | 'rename' | 'remove' | 'adopt' | 'search' | 'draft' | 'setDraft'>;

export class MemoryStore implements AnyStore {
  private readonly kept = new Map<string, Conversation>();
  private readonly drafts = new Map<string, string>();

  onChange(): void {
    // There are no other tabs.
  }
  async heads(): Promise<Head[]> {
    return [...this.kept.values()].sort((a, b) => b.updated - a.updated);
  }
  async load(id: string): Promise<Conversation | null> {
    return this.kept.get(id) ?? null;
  }
  async all(): Promise<Conversation[]> {
    return [...this.kept.values()];
  }
  async save(conversation: Conversation): Promise<void> {
    this.kept.set(conversation.id, conversation);
  }
  async rename(id: string, title: string): Promise<void> {
    const found = this.kept.get(id);
    if (found) found.title = title;
  }
  async remove(id: string): Promise<void> {
    this.kept.delete(id);
  }
  async adopt(conversations: Conversation[]): Promise<void> {
    for (const each of conversations) this.kept.set(each.id, each);
  }
  async search(words: string): Promise<Hit[]> {
    const wanted = words.toLowerCase();
    return [...this.kept.values()]
      .filter((each) => [each.title, ...each.tree.turns.map((turn) => turn.content)].some((text) => text.toLowerCase().includes(wanted)))
      .map((each) => ({ id: each.id, snippet: '' }));
  }
  async draft(id: string): Promise<string> {
    return this.drafts.get(id) ?? '';
  }
  async setDraft(id: string, text: string): Promise<void> {
    this.drafts.set(id, text);
  }
}
