// The settings: how they are kept, and their dialog.
import { field, openDialog } from './dialogs';
import { h, textButton } from './dom';
import { SAMPLING, type Model, type Sampling, type SamplingName, type Settings } from './types';

const SETTINGS = 'ovenbird.settings';
const KEY = 'ovenbird.key'; // apart from the rest, so that no export can hold it

interface Range {
  label: string;
  hint: string;
  min: number;
  max: number;
  whole?: boolean;
}

export const RANGES: Record<SamplingName, Range> = {
  temperature: { label: 'Temperature', hint: '0 always takes the likeliest word.', min: 0, max: 2 },
  top_p: { label: 'Top-p', hint: 'Likeliest words up to this sum.', min: 0, max: 1 },
  top_k: { label: 'Top-k', hint: 'How many words are considered.', min: 0, max: 100_000, whole: true },
  min_p: { label: 'Min-p', hint: 'Least share of the likeliest word.', min: 0, max: 1 },
  max_tokens: { label: 'Longest answer', hint: 'In tokens.', min: 1, max: 1_000_000, whole: true },
};

export function validSampling(value: unknown): Sampling {
  const made: Sampling = {};
  if (typeof value !== 'object' || value === null) return made;
  for (const name of SAMPLING) {
    const number: unknown = (value as Record<string, unknown>)[name];
    const range = RANGES[name];
    if (typeof number !== 'number' || !(number >= range.min && number <= range.max)) continue;
    if (!range.whole || Number.isInteger(number)) made[name] = number;
  }
  return made;
}

// Storage may be forbidden; the page works without.
function read(name: string): string {
  try {
    return localStorage.getItem(name) ?? '';
  } catch {
    return '';
  }
}

function write(name: string, value: string): void {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    // It holds until the page is closed, then.
  }
}

export function loadSettings(): Settings {
  let given: Record<string, unknown> = {};
  try {
    given = Object(JSON.parse(read(SETTINGS) || '{}'));
  } catch {
    // Damaged: the defaults.
  }
  return {
    model: typeof given.model === 'string' ? given.model : '',
    system: typeof given.system === 'string' ? given.system : '',
    sampling: validSampling(given.sampling),
  };
}

export const saveSettings = (settings: Settings): void => write(SETTINGS, JSON.stringify(settings));
export const loadKey = (): string => read(KEY);
export const saveKey = (key: string): void => write(KEY, key);

export interface Edited {
  settings: Settings;
  key: string;
}

export function settingsDialog(old: Settings, key: string, models: Model[]): Promise<Edited | null> {
  const model = h('select', { name: 'model' }, ...models.map((each) => h('option', { value: each.id }, each.id)));
  if (!models.length) model.append(h('option', { value: old.model }, old.model || 'No model yet'));
  model.value = old.model;
  const system = h('textarea', { name: 'system', rows: '4', placeholder: 'None' });
  system.value = old.system;
  const keyInput = h('input', { name: 'key', type: 'password', autocomplete: 'off', placeholder: 'None' });
  keyInput.value = key;
  const inputs = SAMPLING.map((name) => {
    const range = RANGES[name];
    const input = h('input', { name, type: 'number', min: String(range.min), max: String(range.max), step: range.whole ? '1' : 'any', inputmode: range.whole ? 'numeric' : 'decimal' });
    input.value = old.sampling[name]?.toString() ?? '';
    return { name, input };
  });
  const about = h('p', { class: 'hint' });
  const showDefaults = (): void => {
    const chosen = models.find((each) => each.id === model.value);
    for (const { name, input } of inputs) input.placeholder = chosen?.defaults[name]?.toString() ?? (name === 'max_tokens' ? 'No limit' : 'Default');
    about.textContent = chosen?.contextLength ? `Context of ${chosen.contextLength.toLocaleString('en')} tokens.` : '';
  };
  model.addEventListener('change', showDefaults);
  showDefaults();

  return new Promise((resolve) => {
    let edited: Edited | null = null;
    const dialog = openDialog('Settings', [
      field('Model', model),
      about,
      field('System message', system, 'It stands before each conversation.'),
      h('fieldset', {}, h('legend', {}, 'Sampling'),
        h('p', { class: 'hint' }, 'An empty field takes the default of the model, shown in grey.'),
        h('div', { class: 'grid' }, ...inputs.map(({ name, input }) => field(RANGES[name].label, input, RANGES[name].hint)))),
      field('API key', keyInput, 'Only if the server asks for one. It is kept in this browser.'),
    ], [
      textButton('Cancel', () => dialog.close()),
      h('button', { type: 'submit', class: 'primary' }, 'Save'),
    ], () => {
      const sampling: Sampling = {};
      for (const { name, input } of inputs) if (input.value !== '') sampling[name] = input.valueAsNumber;
      edited = { settings: { model: model.value, system: system.value, sampling: validSampling(sampling) }, key: keyInput.value.trim() };
      dialog.close();
    }, () => resolve(edited));
  });
}
