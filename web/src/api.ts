// The server, as the page sees it: health, models, and a streamed answer.
import { SseParser } from './sse';
import type { ChatMessage } from './tree';
import { SAMPLING, type Device, type Model, type Sampling, type Stats } from './types';

export type Failure = 'network' | 'http' | 'stream';

export class ApiError extends Error {
  constructor(readonly kind: Failure, message: string, readonly status = 0) {
    super(message);
  }
}

export interface Answer {
  finish: string;
  stats?: Stats;
}

export interface Listener {
  device(name: string | null, fallback: string | null): void;
  content(text: string): void;
  reasoning(text: string): void;
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string | null => (typeof value === 'string' && value ? value : null);
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);

let key = '';
export function setKey(value: string): void {
  key = value.trim();
}

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (key) headers.set('Authorization', `Bearer ${key}`);
  try {
    return await fetch(path, { ...init, headers, cache: 'no-store', credentials: 'same-origin' });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError('network', 'The server cannot be reached.');
  }
}

function messageOf(body: unknown): string | null {
  if (!isObject(body)) return null;
  if (isObject(body.error)) return textOf(body.error.message);
  return textOf(body.error);
}

async function failureOf(response: Response): Promise<ApiError> {
  let message: string | null = null;
  try {
    message = messageOf(await response.json());
  } catch {
    // A proxy may answer with HTML; the status says enough.
  }
  return new ApiError('http', message ?? `The server answered with status ${response.status}.`, response.status);
}

export async function health(): Promise<Device> {
  const response = await call('/health', { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw await failureOf(response);
  const body: unknown = await response.json().catch(() => null);
  if (!isObject(body)) throw new ApiError('http', 'The server does not answer like Ovenbird.', response.status);
  const fallback = Array.isArray(body.fallback) ? body.fallback.filter((each): each is string => typeof each === 'string') : [];
  return { name: textOf(body.device), fallback };
}

export async function models(): Promise<Model[]> {
  const response = await call('/v1/models', { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw await failureOf(response);
  const body: unknown = await response.json().catch(() => null);
  const list = isObject(body) && Array.isArray(body.data) ? body.data : [];
  return list.filter(isObject).flatMap((each) => {
    const id = textOf(each.id);
    const can = Array.isArray(each.capabilities) ? each.capabilities : [];
    if (!id || can.includes('embedding')) return []; // which writes no text
    const meta = isObject(each.meta) ? each.meta : {};
    const given = isObject(meta.defaults) ? meta.defaults : {};
    const defaults: Sampling = {};
    for (const name of SAMPLING) {
      const value = numberOf(given[name]);
      if (value !== undefined) defaults[name] = value;
    }
    return [{ id, contextLength: numberOf(meta.context_length) ?? null, device: textOf(meta.device), loaded: meta.loaded === true, defaults }];
  });
}

function statsOf(chunk: Json): Stats | undefined {
  if (!isObject(chunk.usage)) return undefined;
  const details = isObject(chunk.usage.prompt_tokens_details) ? chunk.usage.prompt_tokens_details : {};
  const timings = isObject(chunk.timings) ? chunk.timings : {};
  return {
    promptTokens: numberOf(chunk.usage.prompt_tokens) ?? 0,
    completionTokens: numberOf(chunk.usage.completion_tokens) ?? 0,
    cachedTokens: numberOf(details.cached_tokens),
    perSecond: numberOf(timings.predicted_per_second),
    firstTokenMs: numberOf(timings.ttft_ms),
  };
}

// Streams one answer. Aborting `signal` is how it is stopped: the server sees
// the closed connection and ends its work.
export async function complete(model: string, messages: ChatMessage[], sampling: Sampling, signal: AbortSignal, to: Listener): Promise<Answer> {
  const response = await call('/v1/chat/completions', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
    body: JSON.stringify({ model, messages, ...sampling, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
  if (!response.ok) throw await failureOf(response);
  to.device(response.headers.get('x-ovenbird-device'), response.headers.get('x-ovenbird-fallback'));
  if (!response.body || !response.headers.get('content-type')?.includes('text/event-stream'))
    throw new ApiError('stream', 'The server did not send a stream.');

  const answer: Answer = { finish: '' };
  let done = false;
  const take = (data: string): void => {
    if (data.trim() === '[DONE]') {
      done = true;
      return;
    }
    let chunk: unknown;
    try {
      chunk = JSON.parse(data);
    } catch {
      throw new ApiError('stream', 'The server sent something that is not JSON.');
    }
    if (!isObject(chunk)) return;
    if (chunk.error !== undefined && chunk.error !== null) throw new ApiError('stream', messageOf(chunk) ?? 'The server gave up the answer.');
    answer.stats = statsOf(chunk) ?? answer.stats;
    const choice = Array.isArray(chunk.choices) && isObject(chunk.choices[0]) ? chunk.choices[0] : null;
    if (!choice) return;
    const delta = isObject(choice.delta) ? choice.delta : {};
    const reasoning = textOf(delta.reasoning_content);
    const content = textOf(delta.content);
    if (reasoning) to.reasoning(reasoning);
    if (content) to.content(content);
    answer.finish = textOf(choice.finish_reason) ?? answer.finish;
  };

  const parser = new SseParser();
  const reader = response.body.getReader();
  try {
    while (!done) {
      const { value, done: ended } = await reader.read();
      for (const data of ended ? parser.end() : parser.push(value)) take(data);
      if (ended) break;
    }
  } catch (error) {
    if (signal.aborted || error instanceof ApiError) throw error;
    throw new ApiError('network', 'The connection was lost before the answer ended.');
  } finally {
    reader.cancel().catch(() => undefined); // an error in the middle must not leave the server writing
  }
  if (!answer.finish && !done) throw new ApiError('network', 'The connection was closed before the answer ended.');
  return answer;
}
