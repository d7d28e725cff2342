import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseParser } from '../src/sse';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function parse(bytes: Uint8Array, cuts: number[]): string[] {
  const parser = new SseParser();
  const events: string[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    events.push(...parser.push(bytes.slice(from, cut)));
    from = cut;
  }
  return [...events, ...parser.end()];
}

const TEXT = '\uFEFF: heartbeat\n\ndata: {"a":"größe 🐦"}\r\n\r\nevent: x\ndata:two\ndata:  lines\n\n:\rdata: cr\r\rid: 7\ndata\n\nretry: 5\n\ndata: [DONE]\n\n';
const EVENTS = ['{"a":"größe 🐦"}', 'two\n lines', 'cr', '', '[DONE]'];

test('a stream in one piece', () => {
  assert.deepEqual(parse(encode(TEXT), []), EVENTS);
});

test('a stream that is cut at any byte, and at any two', () => {
  const bytes = encode(TEXT);
  for (let first = 0; first <= bytes.length; first++) {
    assert.deepEqual(parse(bytes, [first]), EVENTS, `cut at ${first}`);
    for (let second = first; second <= bytes.length; second++) assert.deepEqual(parse(bytes, [first, second]), EVENTS, `cut at ${first} and ${second}`);
  }
});

test('byte by byte', () => {
  const bytes = encode(TEXT);
  assert.deepEqual(parse(bytes, Array.from(bytes, (_, index) => index)), EVENTS);
});

test('an event is given as soon as it is whole', () => {
  const parser = new SseParser();
  assert.deepEqual(parser.push(encode('data: 1\n')), []);
  assert.deepEqual(parser.push(encode('\n')), ['1']);
  assert.deepEqual(parser.push(encode('data: 2\r\n\r')), []);
  assert.deepEqual(parser.push(encode('\n')), ['2']);
  assert.deepEqual(parser.end(), []);
});

test('a stream that ends without a blank line', () => {
  assert.deepEqual(parse(encode('data: last'), []), ['last']);
});

test('broken UTF-8 does not end the stream', () => {
  const bytes = new Uint8Array([...encode('data: '), 0xff, 0xf0, 0x9f, ...encode('\n\ndata: next\n\n')]);
  const events = parse(bytes, []);
  assert.equal(events.length, 2);
  assert.equal(events[1], 'next');
});
