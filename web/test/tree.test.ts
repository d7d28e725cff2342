import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addTurn, ancestry, chooseSibling, contextTokens, emptyTree, isId, mergeTrees, messagesFor, newId, pathOf, placeOf, titleFrom } from '../src/tree';
import type { Tree } from '../src/types';

const texts = (tree: Tree): string[] => pathOf(tree).map((turn) => turn.content);

function sample(): Tree {
  const tree = emptyTree();
  const question = addTurn(tree, null, 'user', 'q1');
  const answer = addTurn(tree, question.id, 'assistant', 'a1');
  const second = addTurn(tree, answer.id, 'user', 'q2');
  addTurn(tree, second.id, 'assistant', 'a2');
  return tree;
}

test('ids are valid, and never a name of an object', () => {
  const ids = new Set(Array.from({ length: 1000 }, () => newId('t')));
  assert.equal(ids.size, 1000);
  for (const id of ids) assert.ok(isId(id, 't') && !isId(id, 'c'));
  for (const bad of ['constructor', '__proto__', '', 't', 't0123', null, 7, {}, 't0123456789abcdeX']) assert.ok(!isId(bad, 't'));
});

test('the path of a straight conversation', () => {
  assert.deepEqual(texts(sample()), ['q1', 'a1', 'q2', 'a2']);
  assert.deepEqual(pathOf(emptyTree()), []);
});

test('a new answer is a sibling, and the old one can be chosen again', () => {
  const tree = sample();
  const [, , second, old] = pathOf(tree);
  const fresh = addTurn(tree, second!.id, 'assistant', 'a2 again');
  assert.deepEqual(texts(tree), ['q1', 'a1', 'q2', 'a2 again']);
  assert.deepEqual(placeOf(tree, fresh), { index: 1, count: 2 });
  chooseSibling(tree, fresh, -1);
  assert.deepEqual(texts(tree), ['q1', 'a1', 'q2', 'a2']);
  chooseSibling(tree, old!, -1); // the first already
  assert.deepEqual(texts(tree), ['q1', 'a1', 'q2', 'a2']);
  chooseSibling(tree, old!, 5); // not beyond the last
  assert.deepEqual(texts(tree), ['q1', 'a1', 'q2', 'a2 again']);
});

test('an edited first message begins a path of its own, and each keeps its rest', () => {
  const tree = sample();
  const first = pathOf(tree)[0]!;
  const edited = addTurn(tree, null, 'user', 'q1 edited');
  addTurn(tree, edited.id, 'assistant', 'a1 edited');
  assert.deepEqual(texts(tree), ['q1 edited', 'a1 edited']);
  chooseSibling(tree, edited, -1);
  assert.deepEqual(texts(tree), ['q1', 'a1', 'q2', 'a2']);
  assert.deepEqual(placeOf(tree, first), { index: 0, count: 2 });
});

test('a choice that is not there falls back to the newest', () => {
  const tree = sample();
  tree.chosen = { root: 't0000000000000000' };
  assert.deepEqual(texts(tree), ['q1', 'a1', 'q2', 'a2']);
});

test('a circle ends', () => {
  const tree = sample();
  const path = pathOf(tree);
  path[0]!.parent = path[3]!.id;
  assert.deepEqual(pathOf(tree), []);
  assert.equal(ancestry(tree, path[3]!.id).length, 4);
});

test('a turn needs its parent', () => {
  assert.throws(() => addTurn(emptyTree(), newId('t'), 'user', 'x'));
});

test('ancestry does not follow the choice', () => {
  const tree = sample();
  const old = pathOf(tree)[3]!;
  addTurn(tree, null, 'user', 'other');
  assert.deepEqual(ancestry(tree, old.id).map((turn) => turn.content), ['q1', 'a1', 'q2', 'a2']);
  assert.deepEqual(ancestry(tree, null), []);
});

test('messages alternate, and empty answers are left out', () => {
  const tree = sample();
  const last = pathOf(tree)[3]!;
  last.content = '';
  addTurn(tree, last.id, 'user', 'q3');
  assert.deepEqual(messagesFor(pathOf(tree), '  '), [
    { role: 'user', content: 'q1' },
    { role: 'assistant', content: 'a1' },
    { role: 'user', content: 'q2\n\nq3' },
  ]);
  assert.deepEqual(messagesFor([], 'Be short.'), [{ role: 'system', content: 'Be short.' }]);
});

test('two tabs lose nothing of each other', () => {
  const ours = sample();
  const theirs = structuredClone(ours);
  const end = pathOf(ours)[3]!.id;
  const mine = addTurn(ours, end, 'user', 'mine', { created: 10 ** 13 });
  const other = addTurn(theirs, end, 'user', 'theirs', { created: 10 ** 13 + 1 });
  const merged = mergeTrees(ours, theirs);
  assert.deepEqual(merged.turns.slice(-2).map((turn) => turn.id), [mine.id, other.id]);
  assert.equal(merged.chosen[end], mine.id);
});

test('of one turn in two tabs the finished one is kept', () => {
  const ours = sample();
  pathOf(ours)[3]!.state = 'open';
  const theirs = structuredClone(ours);
  Object.assign(pathOf(theirs)[3]!, { state: 'done', content: 'whole' });
  assert.equal(texts(mergeTrees(ours, theirs))[3], 'whole');
  assert.equal(texts(mergeTrees(theirs, ours))[3], 'whole');
});

test('a title is one short line, cut between letters', () => {
  assert.equal(titleFrom('  Hello\nthere '), 'Hello');
  assert.equal(titleFrom('   '), 'New chat');
  const long = titleFrom('🐦'.repeat(100));
  assert.equal(Array.from(long).length, 60);
  assert.ok(long.isWellFormed?.() ?? true);
});

test('the context is what the last counted answer says', () => {
  const tree = sample();
  const path = pathOf(tree);
  assert.equal(contextTokens(path), 0);
  path[1]!.stats = { promptTokens: 10, completionTokens: 5 };
  assert.equal(contextTokens(path), 15);
});
