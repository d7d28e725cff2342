// One message: its text, thinking, branches, buttons and numbers.
import { button, copyButton, h, numberText, textButton } from './dom';
import { MarkdownView } from './markdown';
import type { Place } from './tree';
import type { Stats, Turn } from './types';

export interface TurnActions {
  edit(turn: Turn, text: string): void;
  regenerate(turn: Turn): void;
  retry(turn: Turn): void;
  sibling(turn: Turn, step: number): void;
}

const seconds = (ms: number): string => (ms < 9950 ? (ms / 1000).toFixed(ms < 995 ? 2 : 1) : numberText(ms / 1000)) + ' s';

export function statsText(stats: Stats, device?: string): string {
  const parts: string[] = [];
  if (stats.perSecond !== undefined) parts.push(`${stats.perSecond.toFixed(1)} tokens/s`);
  if (stats.firstTokenMs !== undefined) parts.push(`first token after ${seconds(stats.firstTokenMs)}`);
  parts.push(`${numberText(stats.completionTokens)} tokens`);
  if (stats.cachedTokens) parts.push(`${numberText(stats.cachedTokens)} of ${numberText(stats.promptTokens)} prompt tokens reused`);
  if (device) parts.push(device);
  return parts.join(' · ');
}

function noteOf(turn: Turn, running: boolean): string {
  if (turn.state === 'error') return turn.error || 'The answer failed.';
  if (turn.state === 'stopped') return 'Stopped.';
  if (turn.state === 'open' && !running) return 'Cut off when the page was closed.';
  if (turn.finish === 'length') return 'The answer reached its longest length.';
  if (turn.state === 'done' && turn.role === 'assistant' && !turn.content) return 'The answer is empty.';
  return '';
}

export class TurnView {
  readonly element: HTMLElement;
  private readonly text = h('div', { class: 'text' });
  private readonly markdown: MarkdownView | null;
  private readonly thoughts = new MarkdownView();
  private readonly thinking: HTMLDetailsElement;
  private readonly summary = h('summary');
  private readonly waiting = h('p', { class: 'waiting' }, 'Reading the prompt', h('span', { class: 'dots', 'aria-hidden': 'true' }));
  private readonly note = h('div', { class: 'note' });
  private readonly stats = h('p', { class: 'stats' });
  private readonly branches = h('div', { class: 'branches', role: 'group', 'aria-label': 'Versions' });
  private readonly buttons = h('div', { class: 'buttons' });
  private shownBranches = '';
  private shownNote = '';
  private busy = false;

  constructor(readonly turn: Turn, private readonly actions: TurnActions) {
    const mine = turn.role === 'user';
    this.markdown = mine ? null : new MarkdownView();
    if (this.markdown) this.text.append(this.markdown.element);
    this.thinking = h('details', { class: 'thinking', toggle: () => this.showThoughts(true) }, this.summary, this.thoughts.element);
    this.buttons.append(copyButton('Copy message', () => turn.content));
    if (mine) this.buttons.append(button('Edit message', 'edit', () => this.edit(), 'edit-button'));
    else this.buttons.append(button('Answer again', 'again', () => actions.regenerate(turn), 'again-button'));
    this.element = h('li', { class: `turn ${turn.role}`, 'data-id': turn.id },
      h('h2', { class: 'hidden' }, mine ? 'You' : 'Answer'),
      !mine && this.thinking, !mine && this.waiting, this.text, this.note,
      h('div', { class: 'foot' }, this.branches, this.buttons, this.stats));
  }

  update(place: Place, running: boolean, busy: boolean): void {
    const { turn } = this;
    this.busy = busy;
    this.element.classList.toggle('running', running);
    if (this.markdown) this.markdown.update(turn.content, !running);
    else this.text.textContent = turn.content;
    this.text.hidden = !turn.content;
    this.waiting.hidden = !running || !!turn.content || !!turn.reasoning;
    this.thinking.hidden = !turn.reasoning;
    this.summary.textContent = running && !turn.content ? 'Thinking…' : turn.thinkingMs !== undefined ? `Thought for ${seconds(turn.thinkingMs)}` : 'Thinking';
    this.showThoughts(!running);
    this.buttons.hidden = running;
    for (const each of this.buttons.querySelectorAll<HTMLButtonElement>('.edit-button, .again-button')) each.disabled = busy;
    this.stats.textContent = turn.stats ? statsText(turn.stats, turn.device) : '';
    this.showNote(running, busy);
    this.showBranches(place, busy);
  }

  focusBranches(step: number): void {
    const buttons = [...this.branches.querySelectorAll('button')];
    const wanted = step < 0 ? buttons[0] : buttons[1];
    (wanted?.disabled ? buttons.find((each) => !each.disabled) : wanted)?.focus();
  }

  private showThoughts(whole: boolean): void {
    // Nobody sees it when it is closed.
    if (this.thinking.open && this.turn.reasoning) this.thoughts.update(this.turn.reasoning, whole);
  }

  private showNote(running: boolean, busy: boolean): void {
    const text = noteOf(this.turn, running);
    const state = `${text} ${busy}`;
    if (state === this.shownNote) return; // a button that is made anew loses the focus
    this.shownNote = state;
    this.note.hidden = !text;
    this.note.classList.toggle('error', this.turn.state === 'error');
    const again = this.turn.state === 'error' ? textButton('Try again', () => this.actions.retry(this.turn)) : null;
    if (again) again.disabled = busy;
    this.note.replaceChildren(h('p', {}, text), ...(again ? [again] : []));
  }

  private showBranches({ index, count }: Place, busy: boolean): void {
    const state = `${index} ${count} ${busy}`;
    if (state === this.shownBranches) return;
    this.shownBranches = state;
    this.branches.hidden = count < 2;
    const step = (label: string, by: -1 | 1, end: boolean): HTMLButtonElement => {
      const made = button(label, by < 0 ? 'left' : 'right', () => this.actions.sibling(this.turn, by));
      made.disabled = end || busy;
      return made;
    };
    this.branches.replaceChildren(
      step('Version before', -1, index === 0),
      h('span', {}, `${index + 1} / ${count}`),
      step('Next version', 1, index === count - 1));
  }

  private edit(): void {
    if (this.element.querySelector('form')) return;
    const area = h('textarea', { 'aria-label': 'Edit message', rows: '3' });
    area.value = this.turn.content;
    const close = (): void => {
      form.remove();
      this.element.classList.remove('editing');
    };
    const send = (): void => {
      // An answer that began meanwhile ends first; the text stays until then.
      if (!area.value.trim() || this.busy) return;
      close();
      this.actions.edit(this.turn, area.value.trim());
    };
    const cancel = (): void => {
      close();
      this.buttons.querySelector<HTMLElement>('.edit-button')?.focus();
    };
    const form = h('form', {
      class: 'edit',
      submit: (event: Event) => {
        event.preventDefault();
        send();
      },
      keydown: (event: KeyboardEvent) => {
        if (event.isComposing) return;
        if (event.key === 'Enter' && !event.shiftKey) {
          event.preventDefault();
          send();
        } else if (event.key === 'Escape') {
          event.stopPropagation(); // it would stop an answer
          cancel();
        }
      },
    }, area, h('div', { class: 'buttons' }, textButton('Cancel', cancel), h('button', { type: 'submit', class: 'primary' }, 'Send')));
    this.element.classList.add('editing');
    this.text.after(form);
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  }
}
