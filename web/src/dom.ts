// Small helpers for elements. Text is always set as text, never as HTML.

type Child = Node | string | null | false | undefined;
type Props = Record<string, string | boolean | EventListener | ((event: never) => void) | undefined>;

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props?: Props, ...children: Child[]): HTMLElementTagNameMap[K];
export function h(tag: string, props?: Props, ...children: Child[]): HTMLElement;
export function h(tag: string, props: Props = {}, ...children: Child[]): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name, value as EventListener);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false && value !== '') element.setAttribute(name, value);
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

// Drawn for this page, on a field of 20 by 20.
const ICONS = {
  plus: 'M10 4v12M4 10h12',
  menu: 'M3 6h14M3 10h14M3 14h14',
  settings: 'M3 6h7M14 6h3M3 14h3M10 14h7M12 4v4M8 12v4',
  edit: 'M4 16l1-4 8-8 3 3-8 8-4 1M11 6l3 3',
  trash: 'M4 6h12M8 6V4h4v2M6 6l1 11h6l1-11',
  copy: 'M7 7h9v9H7zM4 13V4h9',
  check: 'M4 11l4 4 8-9',
  again: 'M16 10a6 6 0 1 1-2-4.5M14 2v4h-4',
  stop: 'M6 6h8v8H6z',
  send: 'M10 16V4M5 9l5-5 5 5',
  left: 'M12 5l-5 5 5 5',
  right: 'M8 5l5 5-5 5',
  down: 'M10 4v12M5 11l5 5 5-5',
  close: 'M5 5l10 10M15 5L5 15',
} as const;
export type IconName = keyof typeof ICONS;

export function icon(name: IconName): SVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

export function button(label: string, name: IconName, click: (event: MouseEvent) => void, classes = ''): HTMLButtonElement {
  return h('button', { type: 'button', class: `icon-button ${classes}`.trim(), 'aria-label': label, title: label, click }, icon(name));
}

export function textButton(label: string, click: (event: MouseEvent) => void, classes = ''): HTMLButtonElement {
  return h('button', { type: 'button', class: classes, click }, label);
}

async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without HTTPS, from another machine, there is no clipboard object.
  const area = h('textarea', { class: 'hidden', 'aria-hidden': 'true' });
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (!copied) throw new Error('copying was refused');
}

export function copyButton(label: string, text: () => string): HTMLButtonElement {
  const made = button(label, 'copy', () => {
    copyText(text()).then(() => mark('Copied', 'check'), () => mark('Copying failed', 'close'));
  }, 'copy-button');
  let timer = 0;
  const set = (name: string, image: IconName): void => {
    made.replaceChildren(icon(image));
    made.setAttribute('aria-label', name);
    made.title = name;
  };
  const mark = (name: string, image: IconName): void => {
    set(name, image);
    announce(name);
    clearTimeout(timer);
    timer = window.setTimeout(() => set(label, 'copy'), 1500);
  };
  return made;
}

// The page's one polite live region; index.html has it from the start, since
// screen readers ignore one that is added together with its text.
export function announce(text: string): void {
  const region = document.getElementById('live');
  if (!region) return;
  const line = h('p', {}, text);
  region.append(line);
  while (region.childElementCount > 3) region.firstElementChild?.remove();
}

export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${id}`);
  return element;
}

export const numberText = (value: number): string => Math.round(value).toLocaleString('en');
