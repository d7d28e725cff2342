// The input: growing field, send and stop, and the draft of each conversation.
import { button } from './dom';
import type { AnyStore } from './store_memory';

const DRAFT_PAUSE = 300; // ms after the last key

export interface ComposerActions {
  send(text: string): void;
  stop(): void;
}

export class ComposerView {
  private readonly area: HTMLTextAreaElement;
  private readonly sendButton: HTMLButtonElement;
  private readonly stopButton: HTMLButtonElement;
  private draftOf = '';
  private timer = 0;
  private running = false;
  private ready = false;

  constructor(form: HTMLFormElement, private readonly store: AnyStore, private readonly actions: ComposerActions) {
    this.area = form.querySelector('textarea')!;
    this.sendButton = button('Send', 'send', () => this.send(), 'send');
    this.stopButton = button('Stop', 'stop', () => actions.stop(), 'stop');
    form.querySelector('.keys')!.append(this.sendButton, this.stopButton);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.send();
    });
    this.area.addEventListener('input', () => {
      this.changed();
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.keepDraft(), DRAFT_PAUSE);
    });
    this.area.addEventListener('keydown', (event) => {
      // While an input method composes, Enter takes its proposal. A phone has
      // no Shift+Enter, so there Enter is a new line and the button sends.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || matchMedia('(pointer: coarse) and (hover: none)').matches) return;
      event.preventDefault();
      this.send();
    });
    addEventListener('pagehide', () => this.keepDraft());
    addEventListener('resize', () => this.fit());
  }

  focus(): void {
    // On a phone the focus would open the keyboard over the answer.
    if (matchMedia('(hover: hover)').matches) this.area.focus();
  }

  async showDraft(id: string): Promise<void> {
    this.keepDraft();
    this.draftOf = id;
    this.area.value = '';
    const text = await this.store.draft(id).catch(() => '');
    if (this.draftOf === id && !this.area.value) this.area.value = text;
    this.changed();
  }

  // A new conversation has an id from its first message on.
  moveDraft(id: string): void {
    this.draftOf = id;
  }

  set(running: boolean, ready: boolean): void {
    // The button under the focus goes: the field gets it.
    const focused = document.activeElement === this.stopButton || document.activeElement === this.sendButton;
    this.running = running;
    this.ready = ready;
    this.changed();
    if (focused && (running ? this.stopButton : this.sendButton).hidden === false) (running ? this.stopButton : this.area).focus();
  }

  private send(): void {
    const text = this.area.value.trim();
    if (!text || this.running || !this.ready) return;
    this.area.value = '';
    this.keepDraft();
    this.changed();
    this.actions.send(text);
  }

  private keepDraft(): void {
    clearTimeout(this.timer);
    if (this.draftOf) this.store.setDraft(this.draftOf, this.area.value).catch(() => undefined);
  }

  private changed(): void {
    this.stopButton.hidden = !this.running;
    this.sendButton.hidden = this.running;
    this.sendButton.disabled = !this.ready || !this.area.value.trim();
    this.fit();
  }

  private fit(): void {
    this.area.style.height = 'auto';
    this.area.style.height = `${this.area.scrollHeight}px`; // style.css has the limit
  }
}
