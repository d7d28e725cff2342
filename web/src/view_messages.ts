// The list of messages. Elements are kept from one state to the next, so that
// selection, focus and opened thinking stay where they were.
import type { Run } from './chat';
import { h } from './dom';
import { pathOf, placeOf } from './tree';
import type { Conversation } from './types';
import { TurnView, type TurnActions } from './view_turn';

export class MessagesView {
  readonly element = h('ol', { class: 'messages', 'aria-label': 'Messages' });
  private views = new Map<string, TurnView>();
  private conversation: Conversation | null = null;

  constructor(private readonly actions: TurnActions) {}

  show(conversation: Conversation | null, run: Run | undefined): void {
    if (conversation !== this.conversation) this.views.clear();
    this.conversation = conversation;
    const path = conversation ? pathOf(conversation.tree) : [];
    const next = new Map<string, TurnView>();
    for (const turn of path) {
      const old = this.views.get(turn.id);
      const view = old?.turn === turn ? old : new TurnView(turn, this.actions);
      next.set(turn.id, view);
      view.update(placeOf(conversation!.tree, turn), run?.turn === turn, run !== undefined);
    }
    this.views = next;
    const wanted = [...next.values()].map((view) => view.element);
    // Only what is not in its place is moved: moving takes the focus away.
    wanted.forEach((element, index) => {
      const there = this.element.children[index];
      if (there !== element) this.element.insertBefore(element, there ?? null);
    });
    while (this.element.children.length > wanted.length) this.element.lastElementChild?.remove();
    this.element.hidden = wanted.length === 0;
  }

  grow(run: Run): void {
    const view = this.views.get(run.turn.id);
    if (view && this.conversation) view.update(placeOf(this.conversation.tree, run.turn), true, true);
  }

  focusBranches(id: string, step: number): void {
    this.views.get(id)?.focusBranches(step);
  }
}
