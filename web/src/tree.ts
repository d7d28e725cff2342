// A conversation is a tree: an edited message or a new answer is a sibling of
// the old one, and nothing is lost. Pure functions, no browser needed.
import type { Role, Tree, Turn } from './types';

export const ROOT = 'root';

// A kind's letter and 16 hexadecimal digits: never a name that JavaScript's
// objects have already, so ids are safe as keys.
const ID = /^[tc][0-9a-f]{16}$/;

export function newId(kind: 't' | 'c'): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return kind + Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function isId(value: unknown, kind: 't' | 'c'): value is string {
  return typeof value === 'string' && ID.test(value) && value[0] === kind;
}

export function emptyTree(): Tree {
  return { turns: [], chosen: {} };
}

const keyOf = (parent: string | null): string => parent ?? ROOT;

export function childrenOf(tree: Tree, parent: string | null): Turn[] {
  return tree.turns.filter((turn) => turn.parent === parent);
}

export function find(tree: Tree, id: string): Turn | undefined {
  return tree.turns.find((turn) => turn.id === id);
}

export function addTurn(tree: Tree, parent: string | null, role: Role, content: string, more: Partial<Turn> = {}): Turn {
  if (parent !== null && !find(tree, parent)) throw new Error('the parent is not in the tree');
  const turn: Turn = { id: newId('t'), parent, role, content, created: Date.now(), state: 'done', ...more };
  tree.turns.push(turn);
  tree.chosen[keyOf(parent)] = turn.id;
  return turn;
}

// The turns that are shown, from the first to the last. Without a choice, or
// with one that is not there, the newest child is taken.
export function pathOf(tree: Tree): Turn[] {
  const children = new Map<string, Turn[]>();
  for (const turn of tree.turns) {
    const key = keyOf(turn.parent);
    const list = children.get(key);
    if (list) list.push(turn);
    else children.set(key, [turn]);
  }
  const path: Turn[] = [];
  let key = ROOT;
  for (;;) {
    const list = children.get(key);
    if (!list) return path;
    const turn = list.find((each) => each.id === tree.chosen[key]) ?? list[list.length - 1]!;
    path.push(turn);
    children.delete(key); // so that a damaged tree with a circle ends, too
    key = turn.id;
  }
}

export interface Place {
  index: number;
  count: number;
}

export function placeOf(tree: Tree, turn: Turn): Place {
  const siblings = childrenOf(tree, turn.parent);
  return { index: siblings.indexOf(turn), count: siblings.length };
}

// Shows the sibling `step` places away; the ends are ends.
export function chooseSibling(tree: Tree, turn: Turn, step: number): void {
  const siblings = childrenOf(tree, turn.parent);
  const index = Math.min(siblings.length - 1, Math.max(0, siblings.indexOf(turn) + step));
  const next = siblings[index];
  if (next) tree.chosen[keyOf(turn.parent)] = next.id;
}

// The turns from the first to `id`, whatever is chosen.
export function ancestry(tree: Tree, id: string | null): Turn[] {
  const byId = new Map(tree.turns.map((turn) => [turn.id, turn]));
  const path: Turn[] = [];
  for (let at = id; at !== null; ) {
    const turn = byId.get(at);
    if (!turn) break;
    byId.delete(at);
    path.unshift(turn);
    at = turn.parent;
  }
  return path;
}

export interface ChatMessage {
  role: 'system' | Role;
  content: string;
}

// What the server gets. Answers without text (errors, stopped at once) are
// left out, and neighbours of one role are joined: many chat templates refuse
// two messages of the user in a row.
export function messagesFor(turns: Turn[], system: string): ChatMessage[] {
  const messages: ChatMessage[] = [];
  if (system.trim()) messages.push({ role: 'system', content: system });
  for (const turn of turns) {
    if (!turn.content) continue;
    const last = messages[messages.length - 1];
    if (last && last.role === turn.role) last.content += '\n\n' + turn.content;
    else messages.push({ role: turn.role, content: turn.content });
  }
  return messages;
}

// Two tabs may write one conversation. Turns are only ever added, so the union
// loses nothing; of one turn in both, a finished one is newer than an open one.
export function mergeTrees(ours: Tree, theirs: Tree): Tree {
  const known = new Map(ours.turns.map((turn) => [turn.id, turn]));
  const extra: Turn[] = [];
  const better = new Map<string, Turn>();
  for (const turn of theirs.turns) {
    const own = known.get(turn.id);
    if (!own) extra.push(turn);
    else if (own.state === 'open' && turn.state !== 'open') better.set(turn.id, turn);
  }
  const turns = [...ours.turns.map((turn) => better.get(turn.id) ?? turn), ...extra];
  if (extra.length) turns.sort((a, b) => a.created - b.created); // stable: equal times keep their order
  return { turns, chosen: { ...theirs.chosen, ...ours.chosen } };
}

export function titleFrom(text: string): string {
  const line = text.trim().split('\n', 1)[0]!.trim();
  const letters = Array.from(line); // not UTF-16 units: a pair must not be cut
  return letters.length > 60 ? letters.slice(0, 59).join('').trimEnd() + '…' : line || 'New chat';
}

// What the last answer of the path says that the context holds.
export function contextTokens(path: Turn[]): number {
  for (let i = path.length - 1; i >= 0; i--) {
    const stats = path[i]!.stats;
    if (stats) return stats.promptTokens + stats.completionTokens;
  }
  return 0;
}
