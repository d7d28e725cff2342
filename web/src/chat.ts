// Runs answers and keeps what they bring. One conversation has at most one
// answer under way; it goes on while the user looks at another conversation.
import { ApiError, complete } from './api';
import type { Connection } from './connection';
import type { AnyStore } from './store_memory';
import { addTurn, ancestry, messagesFor } from './tree';
import type { Conversation, Turn } from './types';

const SAVE_PAUSE = 1000; // ms; what a crash of the browser can lose

export interface Run {
  conversation: Conversation;
  turn: Turn;
  stop: () => void;
}

export interface Watcher {
  started(run: Run): void;
  saved(): void;
  grew(run: Run, content: string): void;
  ended(run: Run): void;
}

export class Chat {
  readonly runs = new Map<string, Run>();

  constructor(private readonly store: AnyStore, private readonly server: Connection, private readonly watcher: Watcher) {}

  save(conversation: Conversation): Promise<void> {
    // A full disk must not end an answer; it is still on the screen.
    return this.store.save(conversation).catch((error: unknown) => console.error(error));
  }

  saveAll(): void {
    for (const run of this.runs.values()) void this.save(run.conversation);
  }

  // A new answer to `parent`, beside those that are there.
  answer(conversation: Conversation, parent: string): Promise<void> {
    if (this.runs.has(conversation.id)) return Promise.resolve();
    return this.run(conversation, addTurn(conversation.tree, parent, 'assistant', '', { state: 'open' }));
  }

  // Again in the same place: an answer that failed before its first word is
  // not worth a branch.
  retry(conversation: Conversation, turn: Turn): Promise<void> {
    if (this.runs.has(conversation.id)) return Promise.resolve();
    if (turn.content && turn.parent) return this.answer(conversation, turn.parent);
    for (const name of ['reasoning', 'thinkingMs', 'finish', 'error', 'stats', 'device'] as const) delete turn[name];
    turn.state = 'open';
    turn.content = '';
    return this.run(conversation, turn);
  }

  private async run(conversation: Conversation, turn: Turn): Promise<void> {
    const controller = new AbortController();
    const run: Run = { conversation, turn, stop: () => controller.abort() };
    this.runs.set(conversation.id, run);
    const model = this.server.model?.id ?? '';
    if (model) turn.model = model;
    conversation.updated = Date.now();
    this.watcher.started(run);
    await this.save(conversation);
    this.watcher.saved();

    let unsaved = false;
    const saver = setInterval(() => {
      if (unsaved) void this.save(conversation);
      unsaved = false;
    }, SAVE_PAUSE);
    const { system, sampling } = this.server.settings;
    const messages = messagesFor(ancestry(conversation.tree, turn.parent), system);
    let thinkingSince = 0;
    const thought = (): void => {
      if (thinkingSince && turn.thinkingMs === undefined) turn.thinkingMs = Date.now() - thinkingSince;
    };
    try {
      const answer = await this.server.withKey(() => complete(model, messages, sampling, controller.signal, {
        device: (name, fallback) => {
          if (name) turn.device = name;
          this.server.sawDevice(name, fallback);
        },
        content: (text) => {
          thought();
          turn.content += text;
          unsaved = true;
          this.watcher.grew(run, text);
        },
        reasoning: (text) => {
          thinkingSince ||= Date.now();
          turn.reasoning = (turn.reasoning ?? '') + text;
          unsaved = true;
          this.watcher.grew(run, '');
        },
      }));
      turn.state = 'done';
      turn.finish = answer.finish;
      if (answer.stats) turn.stats = answer.stats;
    } catch (error) {
      if (controller.signal.aborted) turn.state = 'stopped';
      else {
        turn.state = 'error';
        turn.error = error instanceof Error ? error.message : String(error);
        // The server may be gone, or be loading again: the page then says so.
        if (error instanceof ApiError && (error.kind === 'network' || error.status === 503)) void this.server.connect();
      }
    } finally {
      clearInterval(saver);
      thought();
      this.runs.delete(conversation.id);
      conversation.updated = Date.now();
      this.watcher.ended(run);
      await this.save(conversation);
      this.watcher.saved();
    }
  }
}
