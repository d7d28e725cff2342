// Export and import of conversations. An imported file may come from anyone:
// nothing of it is kept that is not of the expected kind, length and shape.
import { isId, ROOT } from './tree';
import type { Conversation, Stats, Tree, Turn } from './types';

export const FORMAT = 'ovenbird-chats';
export const MAX_BYTES = 50_000_000;
const MAX_CONVERSATIONS = 10_000;
const MAX_TURNS = 10_000;
const MAX_TEXT = 5_000_000;
const MAX_TITLE = 200;
const LAST_DAY = 8.64e15; // of JavaScript's calendar

export class ImportError extends Error {}

export function exportText(conversations: Conversation[]): string {
  return JSON.stringify({ format: FORMAT, version: 1, conversations }, null, 1);
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
// Own properties only: "__proto__" in a file must not answer for missing ones.
const get = (object: Json, name: string): unknown => (Object.hasOwn(object, name) ? object[name] : undefined);

function text(value: unknown, limit: number, what: string): string {
  if (typeof value !== 'string') throw new ImportError(`${what} is not a text.`);
  if (value.length > limit) throw new ImportError(`${what} is too long.`);
  return value;
}

function time(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > LAST_DAY) throw new ImportError('A time is not valid.');
  return value;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function statsFrom(value: unknown): Stats | undefined {
  if (!isObject(value)) return undefined;
  const stats: Stats = { promptTokens: count(get(value, 'promptTokens')) ?? 0, completionTokens: count(get(value, 'completionTokens')) ?? 0 };
  for (const name of ['cachedTokens', 'perSecond', 'firstTokenMs'] as const) {
    const number = count(get(value, name));
    if (number !== undefined) stats[name] = number;
  }
  return stats;
}

function turnFrom(value: unknown, known: Map<string, Turn>): Turn {
  if (!isObject(value)) throw new ImportError('A message is not an object.');
  const id = get(value, 'id');
  const parent = get(value, 'parent') ?? null;
  const role = get(value, 'role');
  const state = get(value, 'state');
  if (!isId(id, 't')) throw new ImportError('A message has no valid id.');
  if (known.has(id)) throw new ImportError('Two messages have one id.');
  // Parents come first. So there are neither circles nor loose ends.
  if (parent !== null && !(isId(parent, 't') && known.has(parent))) throw new ImportError('A message answers one that is not there.');
  if (role !== 'user' && role !== 'assistant') throw new ImportError('A message has an unknown role.');
  const turn: Turn = {
    id,
    parent,
    role,
    content: text(get(value, 'content'), MAX_TEXT, 'A message'),
    created: time(get(value, 'created')),
    // Nobody writes on an imported answer any more.
    state: state === 'done' || state === 'error' ? state : 'stopped',
  };
  for (const [name, limit] of [['reasoning', MAX_TEXT], ['finish', 40], ['error', 2000], ['model', 300], ['device', 100]] as const) {
    const given = get(value, name);
    if (given !== undefined) turn[name] = text(given, limit, `A message's ${name}`);
  }
  const thinking = count(get(value, 'thinkingMs'));
  if (thinking !== undefined) turn.thinkingMs = thinking;
  const stats = statsFrom(get(value, 'stats'));
  if (stats) turn.stats = stats;
  return turn;
}

function treeFrom(value: unknown): Tree {
  if (!isObject(value)) throw new ImportError('A conversation has no messages.');
  const list = get(value, 'turns');
  if (!Array.isArray(list)) throw new ImportError('A conversation has no list of messages.');
  if (list.length > MAX_TURNS) throw new ImportError('A conversation has too many messages.');
  const known = new Map<string, Turn>();
  for (const each of list) {
    const turn = turnFrom(each, known);
    known.set(turn.id, turn);
  }
  // A choice that does not fit is dropped; the newest is shown then.
  const tree: Tree = { turns: [...known.values()], chosen: {} };
  const chosen = get(value, 'chosen');
  if (isObject(chosen)) {
    for (const [parent, child] of Object.entries(chosen)) {
      const turn = isId(child, 't') ? known.get(child) : undefined;
      if (turn && (turn.parent ?? ROOT) === parent) tree.chosen[parent] = turn.id;
    }
  }
  return tree;
}

// All or nothing: a file that is damaged somewhere changes nothing.
export function importText(source: string): Conversation[] {
  if (source.length > MAX_BYTES) throw new ImportError('The file is too large.');
  let file: unknown;
  try {
    file = JSON.parse(source);
  } catch {
    throw new ImportError('The file is not JSON.');
  }
  if (!isObject(file) || get(file, 'format') !== FORMAT) throw new ImportError('The file is not an export of this page.');
  if (get(file, 'version') !== 1) throw new ImportError('The file is from a newer version of this page.');
  const list = get(file, 'conversations');
  if (!Array.isArray(list)) throw new ImportError('The file has no list of conversations.');
  if (list.length > MAX_CONVERSATIONS) throw new ImportError('The file has too many conversations.');
  const ids = new Set<string>();
  return list.map((each: unknown) => {
    if (!isObject(each)) throw new ImportError('A conversation is not an object.');
    const id = get(each, 'id');
    if (!isId(id, 'c')) throw new ImportError('A conversation has no valid id.');
    if (ids.has(id)) throw new ImportError('Two conversations have one id.');
    ids.add(id);
    return {
      id,
      title: text(get(each, 'title'), MAX_TITLE, 'A title').trim() || 'Untitled',
      created: time(get(each, 'created')),
      updated: time(get(each, 'updated')),
      tree: treeFrom(get(each, 'tree')),
    };
  });
}
