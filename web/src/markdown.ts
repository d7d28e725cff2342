// Markdown of a model to elements. The text is not to be trusted: it may be
// made by a document that the user pasted. Nothing in it may run, load
// anything from elsewhere, or take the page's own classes.
import DOMPurify from 'dompurify';
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import cpp from 'highlight.js/lib/languages/cpp';
import css from 'highlight.js/lib/languages/css';
import diff from 'highlight.js/lib/languages/diff';
import go from 'highlight.js/lib/languages/go';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import { Marked, type Token, type Tokens, type TokensList } from 'marked';
import { copyButton, h } from './dom';

const languages = { bash, cpp, css, diff, go, java, javascript, json, python, rust, sql, typescript, xml, yaml };
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language);

const HIGHLIGHT_LIMIT = 50_000; // characters; a longer block stays plain, since colouring it takes a noticeable time
const DATA_IMAGE = /^data:image\/(png|jpeg|gif|webp);base64,[a-z0-9+/=\s]*$/i;
const LINK = /^(https?|mailto):/i;
const LANGUAGE = /^language-[\w+#.-]{1,30}$/;

// HTML that models mix into Markdown. Anything else is shown as it was written:
// text of an answer never vanishes, and nothing of it becomes an element.
const BARE_TAG = /&lt;(\/?(?:b|br|del|details|em|i|ins|kbd|mark|s|small|strong|sub|summary|sup|u))\s*\/?&gt;/gi;

function bareHtml(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('>', '&gt;').replace(BARE_TAG, '<$1>');
}

const marked = new Marked({
  gfm: true,
  renderer: {
    html({ text, block }: Tokens.HTML | Tokens.Tag) {
      const html = bareHtml(text);
      if (!block || !html.includes('&lt;')) return html;
      const code = document.createElement('code');
      code.className = 'language-html';
      code.textContent = text.trimEnd();
      return `<pre>${code.outerHTML}</pre>`;
    },
    image({ href, text, title }: Tokens.Image) {
      const name = text || title || '';
      if (DATA_IMAGE.test(href)) {
        const image = document.createElement('img');
        image.src = href;
        image.alt = name;
        return image.outerHTML;
      }
      // A picture from elsewhere would tell its server who reads this.
      const link = document.createElement('a');
      link.setAttribute('href', href);
      link.textContent = `[image: ${name || href}]`;
      return link.outerHTML;
    },
  },
});

// An own copy: its hooks and settings are nobody else's.
const purify = DOMPurify(window);
purify.addHook('uponSanitizeAttribute', (node, data) => {
  if (data.attrName === 'class') data.keepAttr = node.nodeName === 'CODE' && LANGUAGE.test(data.attrValue);
  else if (data.attrName === 'src') data.keepAttr = DATA_IMAGE.test(data.attrValue);
  else if (data.attrName === 'href') data.keepAttr = LINK.test(data.attrValue.trim());
  else if (data.attrName === 'type') data.keepAttr = data.attrValue === 'checkbox';
});

const TAGS = ('a abbr b blockquote br code dd del details dl dt em h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre q ' +
  's samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var').split(' ');
const ATTRIBUTES = 'align alt checked class colspan disabled href open rowspan src start title type'.split(' ');

function clean(html: string): DocumentFragment {
  return purify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

function highlighted(code: string, language: string): Node {
  if (!language || !hljs.getLanguage(language) || code.length > HIGHLIGHT_LIMIT) return document.createTextNode(code);
  // highlight.js escapes the code; its markup is cleaned all the same.
  const html = hljs.highlight(code, { language, ignoreIllegals: true }).value;
  const holder = new DOMParser().parseFromString(html, 'text/html').body;
  const fragment = document.createDocumentFragment();
  copySpans(holder, fragment);
  return fragment;
}

function copySpans(from: Node, to: Node): void {
  for (const node of from.childNodes) {
    if (node instanceof Element) {
      const name = node.getAttribute('class') ?? '';
      const span = h('span', { class: /^hljs-[\w -]+$/.test(name) ? name : '' });
      copySpans(node, span);
      to.appendChild(span);
    } else to.appendChild(document.createTextNode(node.textContent ?? ''));
  }
}

export function codeBlock(code: string, language: string): HTMLElement {
  return h('div', { class: 'code' },
    h('div', { class: 'code-head' }, h('span', {}, language || 'text'), copyButton('Copy code', () => code)),
    // Focusable, so that the keyboard can scroll a long line.
    h('pre', { tabindex: '0', role: 'region', 'aria-label': `Code${language ? `, ${language}` : ''}` }, h('code', {}, highlighted(code, language))));
}

// Page and messages have the headings of level 1 and 2; those of the text come
// below, and none is skipped, as readers of headings expect. The look follows
// the level that the model gave.
class Headings {
  constructor(public last = 2) {}
  fix(heading: Element): void {
    // The text of the last one may be still to come.
    if (!heading.textContent?.trim() && !heading.querySelector('img')) {
      heading.remove();
      return;
    }
    const given = Number(heading.nodeName[1]);
    this.last = Math.min(6, this.last + 1, given + 2);
    const made = h(`h${this.last}`, { class: `level-${given}` });
    made.append(...heading.childNodes);
    heading.replaceWith(made);
  }
}

function finish(fragment: DocumentFragment, headings: Headings): DocumentFragment {
  for (const heading of fragment.querySelectorAll('h1,h2,h3,h4,h5,h6')) headings.fix(heading);
  for (const image of fragment.querySelectorAll('img')) {
    if (!image.getAttribute('src')) image.replaceWith(`[image: ${image.alt || 'not loaded'}]`);
    else if (!image.hasAttribute('alt')) image.alt = '';
  }
  for (const link of fragment.querySelectorAll('a')) {
    const address = link.getAttribute('href');
    if (!address) {
      link.replaceWith(...link.childNodes);
      continue;
    }
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow';
    link.title = address; // the reader sees where it leads
    if (!link.textContent?.trim() && !link.querySelector('img')) link.textContent = address;
  }
  for (const box of fragment.querySelectorAll('input')) {
    if (box.type !== 'checkbox') box.remove();
    else {
      box.disabled = true;
      box.setAttribute('aria-label', box.checked ? 'done' : 'to do');
    }
  }
  for (const pre of fragment.querySelectorAll('pre')) {
    const language = pre.querySelector('code')?.className.replace(/^language-/, '').toLowerCase() ?? '';
    pre.replaceWith(codeBlock((pre.textContent ?? '').replace(/\n$/, ''), language));
  }
  for (const table of fragment.querySelectorAll('table')) {
    const frame = h('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': 'Table' });
    table.replaceWith(frame);
    frame.append(table);
    for (const cell of table.querySelectorAll('th')) if (!cell.textContent?.trim()) cell.replaceWith(h('td', {}));
  }
  return fragment;
}

// Keeps one element per block of the text and makes anew only what changed.
// While an answer streams that is the last block, whatever the answer's length.
export class MarkdownView {
  readonly element = h('div', { class: 'markdown' });
  private blocks: { raw: string; heading: number; element: HTMLElement }[] = [];

  // `whole` makes all anew: a link's address may stand at the end of the text.
  update(text: string, whole = false): void {
    const tokens: TokensList = marked.lexer(text);
    const shown = tokens.filter((token) => token.type !== 'space' && token.type !== 'def');
    let same = 0;
    if (!whole) while (same < shown.length && this.blocks[same]?.raw === shown[same]!.raw) same++;
    for (const old of this.blocks.splice(same)) old.element.remove();
    const headings = new Headings(this.blocks[same - 1]?.heading);
    for (const token of shown.slice(same)) {
      const element = h('div', { class: 'block' }, finish(clean(parse(token, tokens.links)), headings));
      this.blocks.push({ raw: token.raw, heading: headings.last, element });
      this.element.append(element);
    }
  }
}

function parse(token: Token, links: TokensList['links']): string {
  return marked.parser(Object.assign([token], { links }));
}
