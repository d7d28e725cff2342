// What the modules share.

export type Role = 'user' | 'assistant';

// 'open' is an answer that is still being written; found in the store without
// a writer, it is one that was cut off when the page was closed.
export type State = 'done' | 'open' | 'stopped' | 'error';

export interface Stats {
  promptTokens: number;
  completionTokens: number;
  cachedTokens?: number;
  perSecond?: number;
  firstTokenMs?: number;
}

export interface Turn {
  id: string;
  parent: string | null;
  role: Role;
  content: string;
  created: number;
  state: State;
  reasoning?: string;
  thinkingMs?: number;
  finish?: string;
  error?: string;
  model?: string;
  device?: string;
  stats?: Stats;
}

// `turns` is in the order of making. `chosen` names, for each turn that has
// several next ones, which of them is shown; ROOT stands for "no parent".
export interface Tree {
  turns: Turn[];
  chosen: Record<string, string>;
}

export interface Head {
  id: string;
  title: string;
  created: number;
  updated: number;
}

export interface Conversation extends Head {
  tree: Tree;
}

export const SAMPLING = ['temperature', 'top_p', 'top_k', 'min_p', 'max_tokens'] as const;
export type SamplingName = (typeof SAMPLING)[number];
export type Sampling = Partial<Record<SamplingName, number>>;

export interface Settings {
  model: string;
  system: string;
  sampling: Sampling;
}

export interface Model {
  id: string;
  contextLength: number | null;
  device: string | null;
  loaded: boolean;
  defaults: Sampling;
}

export interface Device {
  name: string | null;
  fallback: string[];
}
