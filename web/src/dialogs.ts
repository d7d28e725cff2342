// Questions to the user. The browser's own <dialog> keeps the focus inside,
// closes at Esc and gives the focus back.
import { h, textButton } from './dom';

let counter = 0;

export function openDialog(title: string, body: Node[], buttons: HTMLElement[], submit: () => void, closed: () => void): HTMLDialogElement {
  const id = `dialog-${++counter}`;
  const form = h('form', {
    method: 'dialog',
    submit: (event: Event) => {
      event.preventDefault();
      submit();
    },
  }, h('h2', { id }, title), ...body, h('div', { class: 'buttons' }, ...buttons));
  const dialog = h('dialog', {
    'aria-labelledby': id,
    close: () => {
      dialog.remove();
      closed();
    },
  }, form);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export function field(label: string, input: HTMLElement, hint = ''): HTMLElement {
  const id = `field-${++counter}`;
  input.id = id;
  if (hint) input.setAttribute('aria-describedby', `${id}-hint`);
  return h('div', { class: 'field' }, h('label', { for: id }, label), input, hint && h('p', { class: 'hint', id: `${id}-hint` }, hint));
}

// Resolves with null when the user does not want to.
function ask(title: string, body: Node[], accept: string, classes: string, value: () => string): Promise<string | null> {
  return new Promise((resolve) => {
    let answer: string | null = null;
    const dialog = openDialog(title, body, [
      textButton('Cancel', () => dialog.close()),
      h('button', { type: 'submit', class: classes }, accept),
    ], () => {
      answer = value();
      dialog.close();
    }, () => resolve(answer));
  });
}

export async function confirmDialog(title: string, text: string, accept: string): Promise<boolean> {
  return (await ask(title, [h('p', {}, text)], accept, 'danger', () => 'yes')) !== null;
}

export function askTitle(old: string): Promise<string | null> {
  const input = h('input', { type: 'text', maxlength: '200', required: true, autocomplete: 'off' });
  input.value = old;
  const asked = ask('Rename the conversation', [field('Title', input)], 'Rename', 'primary', () => input.value.trim() || old);
  input.select();
  return asked;
}

export function askKey(wrong: boolean): Promise<string | null> {
  const input = h('input', { type: 'password', required: true, autocomplete: 'off' });
  const text = wrong ? 'The server did not accept the key.' : 'This server asks for a key.';
  return ask('API key', [h('p', {}, text), field('Key', input, 'It is kept in this browser and sent to this server only.')], 'Use this key', 'primary', () => input.value.trim());
}

export function notice(title: string, text: string): Promise<void> {
  return new Promise((resolve) => {
    const dialog = openDialog(title, [h('p', {}, text)], [h('button', { type: 'submit', class: 'primary' }, 'Close')], () => dialog.close(), resolve);
  });
}
