// Questions and answers: streaming, branches, Markdown, thinking.
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
    name: 'the policy holds even where the cleaning would fail',
    real: true,
    unopened: true,
    violates: true,
    run: async ({ page, url }) => {
      const response = await page.goto(url);
      const policy = response.headers()['content-security-policy'];
      for (const part of ["default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]) assert.ok(policy.includes(part), part);
      assert.doesNotMatch(policy, /unsafe|\*|https?:/);
      const loaded = await page.evaluate(async () => {
        const box = document.createElement('div');
        document.body.append(box);
        box.innerHTML = '<img src="data:," onerror="window.hacked = 1"><a href="javascript:window.hacked = 2">x</a><p style="color: red">y</p>';
        const script = document.createElement('script');
        script.textContent = 'window.hacked = 3';
        box.append(script);
        box.querySelector('a').click();
        const image = new Image();
        const ended = new Promise((resolve) => {
          image.onload = () => resolve(true);
          image.onerror = () => resolve(false);
        });
        image.src = 'http://localhost:1/pixel.png';
        const fetched = await fetch('http://localhost:1/').then(() => true, () => false);
        await new Promise((resolve) => setTimeout(resolve, 100));
        return [window.hacked, await ended, fetched, getComputedStyle(box.querySelector('p')).color === 'rgb(255, 0, 0)'];
      });
      assert.deepEqual(loaded, [undefined, false, false, false]);
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
];
