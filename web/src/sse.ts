// Server-sent events from bytes that are cut anywhere. The browser's own
// EventSource cannot send a POST, so the format is read here.

export class SseParser {
  private readonly decoder = new TextDecoder(); // keeps half a character for the next call
  private rest = '';
  private data: string[] = [];

  // The data of each event that ends in these bytes.
  push(bytes: Uint8Array): string[] {
    return this.feed(this.decoder.decode(bytes, { stream: true }), false);
  }

  // An event without the blank line behind it: the standard drops it, but a
  // server that closes early has said it all the same.
  end(): string[] {
    return this.feed(this.decoder.decode() + '\n\n', true);
  }

  private feed(text: string, last: boolean): string[] {
    this.rest += text;
    const events: string[] = [];
    let from = 0;
    const line = /\r\n|\n|\r/g;
    for (;;) {
      line.lastIndex = from;
      const end = line.exec(this.rest);
      if (!end) break;
      // A CR at the very end may be the first half of CR LF.
      if (!last && end[0] === '\r' && line.lastIndex === this.rest.length) break;
      this.take(this.rest.slice(from, end.index), events);
      from = line.lastIndex;
    }
    this.rest = this.rest.slice(from);
    return events;
  }

  private take(line: string, events: string[]): void {
    if (line === '') {
      if (this.data.length) events.push(this.data.join('\n'));
      this.data = [];
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment: the server's heartbeat
    const name = colon < 0 ? line : line.slice(0, colon);
    if (name !== 'data') return;
    const value = colon < 0 ? '' : line.slice(colon + 1);
    this.data.push(value.startsWith(' ') ? value.slice(1) : value);
  }
}
