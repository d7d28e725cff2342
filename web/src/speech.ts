// Reads an answer to a screen reader while it streams: whole sentences, a few
// seconds' worth at once. Each token for itself would be unbearable.
import { announce } from './dom';

const PAUSE = 3000; // ms between two batches

// The part up to the last end of a sentence or line, and what is left.
export function wholeSentences(text: string): [string, string] {
  const end = Math.max(text.lastIndexOf('\n'), ...['. ', '! ', '? ', '。'].map((mark) => text.lastIndexOf(mark)));
  return end < 0 ? ['', text] : [text.slice(0, end + 1), text.slice(end + 1)];
}

const plain = (text: string): string => text.replace(/[*_`#|>]+/g, ' ').replace(/\s+/g, ' ').trim();

export class Speech {
  private waiting = '';
  private timer = 0;

  add(text: string): void {
    this.waiting += text;
    this.timer ||= window.setTimeout(() => this.flush(), PAUSE);
  }

  private flush(): void {
    this.timer = 0;
    const [now, rest] = wholeSentences(this.waiting);
    this.waiting = rest;
    if (plain(now)) announce(plain(now));
  }

  end(last: string): void {
    clearTimeout(this.timer);
    this.timer = 0;
    announce([plain(this.waiting), last].filter(Boolean).join(' '));
    this.waiting = '';
  }

  drop(): void {
    clearTimeout(this.timer);
    this.timer = 0;
    this.waiting = '';
  }
}
