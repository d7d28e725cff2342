import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportText, ImportError, importText } from '../src/transfer';
import { addTurn, emptyTree, newId, pathOf } from '../src/tree';
import type { Conversation } from '../src/types';

function sample(): Conversation {
  const tree = emptyTree();
  const question = addTurn(tree, null, 'user', 'q');
  addTurn(tree, question.id, 'assistant', 'a', {
    reasoning: 'hm', thinkingMs: 3, finish: 'stop', model: 'm', device: 'CPU', stats: { promptTokens: 3, completionTokens: 4, perSecond: 5 },
  });
  addTurn(tree, question.id, 'assistant', 'b');
  return { id: newId('c'), title: 'T', created: 1, updated: 2, tree };
}

// The export of `sample` after `change`.
function changed(change: (conversation: any, file: any) => void): string {
  const file = JSON.parse(exportText([sample()]));
  change(file.conversations[0], file);
  return JSON.stringify(file);
}

const refused = (source: string): void => assert.throws(() => importText(source), ImportError);

test('what was exported comes back as it was', () => {
  const all = [sample(), sample()];
  assert.deepEqual(importText(exportText(all)), all);
  assert.deepEqual(importText(exportText([])), []);
});

test('other files are refused', () => {
  for (const source of ['', 'null', '[]', '{', '7', '"x"', '{}', '{"format":"ovenbird-chats"}', '{"format":"ovenbird-chats","version":2,"conversations":[]}',
    '{"format":"ovenbird-chats","version":1,"conversations":{"length":1}}', '{"format":"ovenbird-chats","version":1,"conversations":[null]}',
    '{"__proto__":{"format":"ovenbird-chats","version":1,"conversations":[]}}', '['.repeat(100_000)]) refused(source);
});

test('wrong kinds are refused', () => {
  for (const bad of [null, 7, {}, [], true, { toString: 'x' }]) {
    refused(changed((each) => (each.id = bad)));
    refused(changed((each) => (each.title = bad)));
    refused(changed((each) => (each.tree.turns[0].id = bad)));
    refused(changed((each) => (each.tree.turns[0].role = bad)));
    refused(changed((each) => (each.tree.turns[0].content = bad)));
    refused(changed((each) => (each.tree.turns[1].reasoning = bad)));
    if (bad !== null) refused(changed((each) => (each.tree.turns[0].parent = bad)));
    if (bad !== 7) refused(changed((each) => (each.created = bad)));
    if (!Array.isArray(bad)) refused(changed((each) => (each.tree.turns = bad)));
  }
  refused(changed((each) => (each.tree = null)));
  refused(changed((each) => (each.updated = -1)));
  refused(changed((each) => (each.updated = 1e300)));
});

test('ids that are no ids, or are there twice, are refused', () => {
  for (const bad of ['__proto__', 'constructor', '<img src=x onerror=alert(1)>', '', 't', 'c0123456789abcdeg', `c${'0'.repeat(17)}`]) {
    refused(changed((each) => (each.id = bad)));
    refused(changed((each) => (each.tree.turns[0].id = bad)));
  }
  refused(changed((each) => (each.tree.turns[2].id = each.tree.turns[1].id)));
  refused(changed((each, file) => file.conversations.push(each)));
});

test('circles and loose ends are refused', () => {
  refused(changed((each) => (each.tree.turns[0].parent = each.tree.turns[1].id)));
  refused(changed((each) => (each.tree.turns[0].parent = each.tree.turns[0].id)));
  refused(changed((each) => (each.tree.turns[1].parent = newId('t'))));
});

test('too long and too many is refused', () => {
  refused(changed((each) => (each.title = 'x'.repeat(201))));
  refused(changed((each) => (each.tree.turns[0].content = 'x'.repeat(5_000_001))));
  refused(changed((each) => (each.tree.turns = Array(10_001).fill(each.tree.turns[0]))));
  refused(changed((_, file) => (file.conversations = Array(10_001).fill(0))));
});

test('only known fields are kept, and no prototype is touched', () => {
  const source = changed((each, file) => {
    file.evil = 1;
    each.evil = 1;
    each.tree.turns[0].evil = 1;
    each.tree.turns[1].stats.evil = 1;
  }).replace('"evil":1', '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"evil":1');
  const [got] = importText(source);
  assert.ok(!JSON.stringify(got).includes('evil'));
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.equal(Object.getPrototypeOf(got), Object.prototype);
});

test('a choice that does not fit is dropped', () => {
  const [got] = importText(changed((each) => {
    const [question, answer] = each.tree.turns;
    each.tree.chosen = JSON.parse(`{"__proto__":"${answer.id}","root":"${answer.id}","${question.id}":"${answer.id}","x":7}`);
  }));
  assert.deepEqual(Object.keys(got!.tree.chosen), [got!.tree.turns[0]!.id]);
  assert.deepEqual(pathOf(got!.tree).map((turn) => turn.content), ['q', 'a']);
});

test('nobody writes on an imported answer', () => {
  const [got] = importText(changed((each) => (each.tree.turns[1].state = 'open')));
  assert.equal(got!.tree.turns[1]!.state, 'stopped');
});
