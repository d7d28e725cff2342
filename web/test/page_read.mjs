// How the page is read and used: scrolling, keys, screen readers, phones.
import assert from 'node:assert/strict';

export const readTests = [
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
    name: 'a heading without text yet is none',
    run: async ({ page, say, idle }) => {
      await page.evaluate(() => {
        window.empty = 0;
        new MutationObserver(() => {
          for (const each of document.querySelectorAll('.markdown :is(h3, h4)')) if (!each.textContent.trim()) window.empty++;
        }).observe(document.querySelector('#content'), { childList: true, subtree: true });
      });
      await say('markdown');
      await page.locator('.level-3').waitFor();
      await idle();
      assert.equal(await page.evaluate(() => window.empty), 0);
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
