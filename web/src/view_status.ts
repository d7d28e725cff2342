// The server's state: a plain screen before the first message, a line above
// the input after it, and the badge of the device.
import type { Connection } from './connection';
import { h, numberText, textButton } from './dom';

const TITLES = {
  checking: 'Asking the server',
  loading: 'Loading the model',
  unreachable: 'The server cannot be reached',
  failed: 'The server refuses',
  ready: 'What would you like to know?',
} as const;

function explain(server: Connection): string {
  switch (server.status) {
    case 'checking': return 'One moment.';
    case 'loading': return 'This can take some minutes the first time. The page goes on by itself.';
    case 'unreachable': return 'Is ovenbird still running? The page tries again by itself.';
    case 'failed': return server.message;
    case 'ready': return server.model ? `${server.model.id} is ready.` : 'The server has no model.';
  }
}

export class StatusView {
  private shown = '';

  constructor(private readonly server: Connection, private readonly screen: HTMLElement, private readonly banner: HTMLElement,
    private readonly badge: HTMLDetailsElement) {}

  show(empty: boolean): void {
    const { server } = this;
    const { status } = server;
    this.screen.hidden = !empty;
    this.banner.hidden = empty || status === 'ready' || status === 'checking';
    const state = [status, server.message, server.model?.id].join('\n');
    if (state !== this.shown) {
      this.shown = state;
      const wrong = status === 'unreachable' || status === 'failed';
      const retry = (): HTMLElement[] => (wrong ? [textButton('Try again', () => server.retry(), 'primary')] : []);
      this.screen.className = `screen ${status}`;
      this.screen.replaceChildren(
        ...(status === 'loading' || status === 'checking' ? [h('div', { class: 'bar', 'aria-hidden': 'true' }, h('div'))] : []),
        h('h2', {}, TITLES[status]), h('p', {}, explain(server)), ...retry());
      this.banner.replaceChildren(h('p', {}, `${TITLES[status]}. ${explain(server)}`), ...retry());
    }
    this.showBadge();
  }

  private showBadge(): void {
    const { device, status } = this.server;
    const name = device.name ?? this.server.model?.device ?? null;
    this.badge.hidden = !name || status !== 'ready';
    if (!name) return;
    const fell = device.fallback.length > 0;
    this.badge.classList.toggle('fell', fell);
    const summary = this.badge.querySelector('summary')!;
    const label = `Device: ${name}${fell ? ', not the first choice' : ''}`;
    if (summary.textContent !== name || summary.getAttribute('aria-label') !== label) {
      summary.replaceChildren(h('span', { class: 'dot', 'aria-hidden': 'true' }), name);
      summary.setAttribute('aria-label', label);
    }
    this.badge.querySelector('.reasons')!.replaceChildren(
      h('p', {}, `Answers are made on the ${name}.`),
      ...(fell ? [h('p', {}, 'Given up before:'), h('ul', {}, ...device.fallback.map((reason) => h('li', {}, reason)))] : []));
  }
}

export function showGauge(gauge: HTMLElement, used: number, size: number | null): void {
  gauge.hidden = !size;
  if (!size) return;
  const share = Math.min(1, used / size);
  const text = `${numberText(used)} of ${numberText(size)} tokens`;
  gauge.classList.toggle('full', share >= 0.9);
  gauge.setAttribute('aria-valuemax', String(size));
  gauge.setAttribute('aria-valuenow', String(Math.min(used, size)));
  gauge.setAttribute('aria-valuetext', text);
  gauge.title = `Context: ${text}`;
  (gauge.querySelector('.fill') as HTMLElement).style.width = `${share * 100}%`;
  gauge.querySelector('.number')!.textContent = text + (share >= 0.9 ? ', nearly full' : '');
}
