// Questions and answers: streaming, branches, Markdown, scrolling, keys.
import assert from 'node:assert/strict';

const text = (locator) => locator.textContent();

export const talkTests = [
  {
    name: 'an answer streams, with its numbers',
    real: true,
    run: async ({ page, message, answers, idle, mock }) => {
      await message.fill('Count from one to twenty, in words.');
      await message.press('Enter');
      assert.equal(await message.inputValue(), '');
      const lengths = new Set();
      for (let i = 0; i < 4000 && (await page.locator('.turn.running').count() || !lengths.size); i++) lengths.add((await text(answers.locator('.text')))?.length);
      await idle();
      assert.ok(lengths.size >= 4, `it grew in ${lengths.size} steps`);
      assert.match(await text(answers.locator('.stats')), /^[\d.]+ tokens\/s · first token after [\d.]+ s · [\d,]+ tokens/);
      assert.match(await page.locator('#gauge').getAttribute('aria-valuetext'), /^[1-9][\d,]* of [\d,]+ tokens$/);
      assert.match(await page.title(), /Count from one/);
      if (!mock) return;
      const [request] = mock.requests;
      assert.deepEqual(request, { model: 'qwen3-0.6b-int4', messages: [{ role: 'user', content: 'Count from one to twenty, in words.' }], stream: true, stream_options: { include_usage: true } });
      assert.equal(await text(answers.locator('.stats')), '23.4 tokens/s · first token after 0.31 s · 14 tokens · CPU');
    },
  },
  {
    name: 'reused tokens are told',
    run: async ({ ask, answers }) => {
      await ask('first');
      await ask('second');
      assert.match(await text(answers.nth(1).locator('.stats')), /\d+ of \d+ prompt tokens reused/);
    },
  },
  {
    name: 'the device badge tells why another was given up',
    run: async ({ page, mock, ask }) => {
      const badge = page.locator('#device');
      assert.equal((await text(badge.locator('summary'))).trim(), 'CPU');
      assert.match(await badge.locator('summary').getAttribute('aria-label'), /not the first choice/);
      await badge.locator('summary').click();
      await badge.getByText('NPU: no such device is visible here').waitFor();
      await page.keyboard.press('Escape');
      assert.equal(await badge.getAttribute('open'), null);
      mock.headerFallback = 'GPU: out of memory';
      await ask('hello');
      await badge.locator('summary').click();
      await badge.getByText('GPU: out of memory').waitFor();
    },
  },
  {
    name: 'stop by button and by Esc, and the server sees it',
    real: true,
    run: async ({ page, say, answers, mock, idle }) => {
      const long = mock ? 'endless' : 'Write a very long story about a bird.';
      for (const stop of [() => page.getByRole('button', { name: 'Stop' }).click(), () => page.keyboard.press('Escape')]) {
        await say(long);
        await page.waitForFunction(() => (document.querySelector('.turn.running .text')?.textContent.length ?? 0) > 5);
        await stop();
        await idle();
        assert.equal(await text(answers.last().locator('.note')), 'Stopped.');
      }
      if (mock) {
        for (let i = 0; i < 50 && mock.aborted < 2; i++) await page.waitForTimeout(20);
        assert.equal(mock.aborted, 2);
      }
      const kept = await text(answers.first().locator('.text'));
      await page.reload();
      assert.equal(await text(answers.first().locator('.text')), kept);
      assert.equal(await text(answers.first().locator('.note')), 'Stopped.');
    },
  },
  {
    name: 'an answer is made again, and both are kept',
    real: true,
    run: async ({ page, ask, answers, idle }) => {
      await ask('Say a random number.');
      const first = await text(answers.locator('.text'));
      await answers.getByRole('button', { name: 'Answer again' }).click();
      await answers.getByText('2 / 2').waitFor();
      await idle();
      const second = await text(answers.locator('.text'));
      await answers.getByRole('button', { name: 'Version before' }).click();
      assert.equal(await text(answers.locator('.text')), first);
      // The focus is on a button of the same group, since this one has become useless.
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Next version');
      await page.reload();
      await answers.getByText('1 / 2').waitFor();
      await answers.getByRole('button', { name: 'Next version' }).click();
      assert.equal(await text(answers.locator('.text')), second);
    },
  },
  {
    name: 'a message is edited, and both branches are kept',
    real: true,
    run: async ({ page, ask, answers, users, idle, mock }) => {
      await ask('Say one.');
      await ask('Say two.');
      await users.first().getByRole('button', { name: 'Edit message' }).click();
      const area = page.getByLabel('Edit message').and(page.locator('textarea'));
      assert.equal(await area.inputValue(), 'Say one.');
      await area.press('Escape');
      assert.equal(await users.count(), 2);
      await users.first().getByRole('button', { name: 'Edit message' }).click();
      await area.fill('Say three.');
      await area.press('Enter');
      await users.getByText('2 / 2').waitFor();
      await idle();
      assert.equal(await users.count(), 1);
      assert.equal(await answers.count(), 1);
      if (mock) assert.deepEqual(mock.requests.at(-1).messages, [{ role: 'user', content: 'Say three.' }]);
      await users.getByRole('button', { name: 'Version before' }).click();
      assert.deepEqual(await users.locator('.text').allTextContents(), ['Say one.', 'Say two.']);
    },
  },
  {
    name: 'copy of a message and of code',
    run: async ({ page, ask, answers }) => {
      await ask('markdown');
      const clip = () => page.evaluate(() => navigator.clipboard.readText());
      await answers.getByRole('button', { name: 'Copy message' }).click();
      await answers.getByRole('button', { name: 'Copied' }).waitFor();
      assert.match(await clip(), /^# Title[^]*\| one {2}\| 1/);
      await answers.getByRole('button', { name: 'Copy code' }).first().click();
      await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith('def greet'));
      assert.match(await clip(), /^def greet\(name: str\)[^]*x"$/);
    },
  },
  {
    name: 'Markdown with tables, lists and coloured code',
    run: async ({ ask, answers, page }) => {
      await ask('markdown');
      const answer = answers.locator('.text');
      assert.equal(await answer.locator('table td').count(), 4);
      assert.equal(await answer.locator('input[type=checkbox]').count(), 2);
      assert.ok(await answer.locator('.hljs-keyword').count() >= 2);
      assert.equal(await text(answer.locator('pre').nth(1)), 'plain <b>text</b>');
      assert.deepEqual(await answer.locator('[class^=level-]').evaluateAll((all) => all.map((each) => each.nodeName)), ['H3', 'H4']);
      const link = answer.getByRole('link', { name: 'link', exact: true });
      assert.equal(await link.getAttribute('rel'), 'noopener noreferrer nofollow');
      assert.equal(await answer.locator('img').count(), 0);
      assert.equal(await answer.getByText('[image: a picture]').count(), 1);
      // A long line scrolls in its block, not the page.
      assert.ok(await page.evaluate(() => document.querySelector('#scroller').scrollWidth <= document.querySelector('#scroller').clientWidth));
    },
  },
  {
    name: 'hostile Markdown does nothing',
    run: async ({ page, ask, answers, message }) => {
      await ask('hostile');
      const answer = answers.locator('.text');
      await answer.getByText('the end').waitFor();
      for (const tag of ['script', 'iframe', 'object', 'svg:not(.icon)', 'style', 'link', 'form', 'meta', 'base', 'math', 'video', '[style]', '[onerror]', '[onload]', '.screen', '#composer', 'img:not([src^="data:image/png"])', 'a[href^="javascript" i]', 'a[href^="data" i]'])
        assert.equal(await answer.locator(tag).count(), 0, tag);
      assert.equal(await answer.locator('img').count(), 1);
      // What was written is shown.
      assert.match(await text(answer), /<iframe src="https:\/\/evil.example\/"><\/iframe>/);
      for (const link of await answer.locator('a').all()) assert.match(await link.getAttribute('href'), /^https?:/);
      await page.waitForTimeout(200);
      assert.equal(await page.evaluate(() => window.hacked), undefined);
      await message.fill('still usable');
      await page.reload();
      await answer.getByText('the end').waitFor();
      assert.equal(await page.evaluate(() => window.hacked), undefined);
    },
  },
  {
    name: 'thinking is there, closed, and can be opened',
    run: async ({ page, say, answers, idle }) => {
      await say('think');
      await page.getByText('Thinking…').waitFor();
      await page.getByText('Thinking…').click();
      await page.locator('.thinking').getByText('The user wants').waitFor();
      await idle();
      const thinking = answers.locator('.thinking');
      assert.match(await text(thinking.locator('summary')), /^Thought for [\d.]+ s$/);
      assert.notEqual(await thinking.getAttribute('open'), null, 'stays as the reader left it');
      assert.equal((await text(answers.locator('.text'))).trim(), 'Here is the result of it.');
      await page.reload();
      await answers.getByText('Here is the result').waitFor();
      assert.equal(await thinking.getAttribute('open'), null);
    },
  },
  {
    name: 'bytes that are cut anywhere make the same text',
    run: async ({ ask, answers }) => {
      await ask('cut');
      assert.equal((await text(answers.locator('.text'))).trim(), 'Größe, Maß und 🐦‍⬛ in fetter Schrift: 日本語');
    },
  },
  {
    name: 'the end stays in sight, whole, until the reader scrolls up',
    run: async ({ page, say, mock }) => {
      mock.pause = 8;
      await say('endless');
      // At each frame the last block must be wholly above the input.
      const cut = await page.evaluate(() => new Promise((resolve) => {
        const scroller = document.querySelector('#scroller');
        let worst = 0;
        let frames = 0;
        const look = () => {
          const last = document.querySelector('.turn.running .block:last-child');
          if (last) worst = Math.max(worst, last.getBoundingClientRect().bottom - scroller.getBoundingClientRect().bottom);
          if (++frames < 90 || scroller.scrollHeight < 2 * scroller.clientHeight) requestAnimationFrame(look);
          else resolve(worst);
        };
        // Looks behind the page's own drawing.
        requestAnimationFrame(() => setTimeout(look));
      }));
      assert.ok(cut <= 0, `${cut} pixels were cut off`);
      await page.mouse.move(600, 300);
      await page.mouse.wheel(0, -300);
      await page.getByRole('button', { name: 'Go to the end' }).waitFor();
      const top = () => page.evaluate(() => document.querySelector('#scroller').scrollTop);
      await page.waitForTimeout(150);
      const before = await top();
      await page.waitForTimeout(400);
      assert.equal(await top(), before, 'it stays where the reader is');
      await page.getByRole('button', { name: 'Go to the end' }).click();
      const gap = () => page.evaluate(() => document.querySelector('#scroller').scrollHeight - document.querySelector('#scroller').scrollTop - document.querySelector('#scroller').clientHeight);
      await page.waitForTimeout(300);
      assert.ok(await gap() < 2);
      // The reader scrolls back to the end by hand. The mouse is over the button.
      mock.pause = 100;
      await page.mouse.wheel(0, -200);
      await page.waitForTimeout(200);
      await page.mouse.wheel(0, 20_000);
      await page.waitForTimeout(400);
      assert.ok(await gap() < 2);
      assert.ok(await page.locator('.jump').isHidden());
      await page.keyboard.press('Escape');
    },
  },
  {
    name: 'keys: new line, new chat, search, send',
    real: true,
    run: async ({ page, message, ask }) => {
      await message.fill('one');
      await message.press('Shift+Enter');
      await message.pressSequentially('two');
      assert.equal(await message.inputValue(), 'one\ntwo');
      await ask('Say yes.');
      await page.keyboard.press('Control+Shift+O');
      await page.locator('#screen:not([hidden])').waitFor();
      assert.equal(await page.locator('.turn').count(), 0);
      assert.equal(await page.evaluate(() => document.activeElement.id), 'message');
      await page.keyboard.press('Control+K');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'search');
    },
  },
  {
    name: 'a screen reader gets whole sentences, in batches',
    run: async ({ page, ask }) => {
      await page.evaluate(() => {
        window.spoken = [];
        new MutationObserver((changes) => {
          for (const change of changes) for (const node of change.addedNodes) window.spoken.push(node.textContent);
        }).observe(document.querySelector('[aria-live=polite]'), { childList: true });
      });
      await ask('sentences');
      const spoken = await page.evaluate(() => window.spoken);
      assert.equal(spoken[0], 'The answer begins.');
      assert.match(spoken.at(-1), /The answer is complete\.$/);
      assert.ok(spoken.length >= 3 && spoken.length <= 8, `${spoken.length} batches`);
      for (const each of spoken.slice(1)) assert.match(each, /^This is one .*\.$/);
      assert.equal(spoken.join(' ').match(/This is one sentence of the answer\./g).length, 40);
      assert.ok(await page.locator('#live > *').count() <= 3);
    },
  },
  {
    name: 'the context gauge warns',
    run: async ({ page, ask }) => {
      await ask('full');
      assert.equal(await page.locator('#gauge').getAttribute('aria-valuetext'), '1,002 of 1,024 tokens');
      await page.locator('#gauge').getByText(', nearly full').waitFor();
    },
  },
  {
    name: 'phone: no sideways scrolling, a drawer, large enough buttons',
    real: true,
    context: { viewport: { width: 400, height: 800 }, hasTouch: true, isMobile: true },
    run: async ({ page, message, ask, answers, mock }) => {
      await ask(mock ? 'markdown' : 'Write a Python function and a table.');
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 400 && document.querySelector('#scroller').scrollWidth <= document.querySelector('#scroller').clientWidth));
      await message.fill('one');
      await message.press('Enter');
      assert.equal(await message.inputValue(), 'one\n', 'Enter is a new line here');
      for (const each of await page.locator('button:visible').all()) {
        const box = await each.boundingBox();
        assert.ok(box.width >= 24 && box.height >= 24, await each.getAttribute('aria-label'));
      }
      const menu = page.getByRole('button', { name: 'Conversations' });
      await menu.tap();
      const list = page.locator('#sidebar');
      await list.getByRole('button', { name: 'New chat' }).waitFor();
      assert.equal(await menu.getAttribute('aria-expanded'), 'true');
      await page.keyboard.press('Escape');
      await list.waitFor({ state: 'hidden' });
      assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Conversations');
      await menu.tap();
      await list.getByRole('button', { name: 'New chat' }).tap();
      await list.waitFor({ state: 'hidden' });
      assert.equal(await answers.count(), 0);
      await page.getByRole('button', { name: 'Settings' }).tap();
      const box = await page.getByRole('dialog').boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= 400);
    },
  },
];
