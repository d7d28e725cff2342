// What is known of the server: whether it answers, its models, its device.
import { ApiError, health, models, setKey } from './api';
import { askKey } from './dialogs';
import { loadKey, loadSettings, saveKey, saveSettings } from './settings';
import type { Device, Model, Settings } from './types';

export type Status = 'checking' | 'loading' | 'unreachable' | 'failed' | 'ready';

const LOADING_PAUSE = 1000; // ms between two looks while the model is loaded
const FIRST_PAUSE = 2000;
const LONGEST_PAUSE = 15_000;

export class Connection {
  status: Status = 'checking';
  message = '';
  models: Model[] = [];
  device: Device = { name: null, fallback: [] };
  settings: Settings = loadSettings();
  key = loadKey();
  private connecting = false;
  private wake: (() => void) | null = null;
  private asking: Promise<boolean> | null = null;

  constructor(private readonly changed: () => void) {
    setKey(this.key);
  }

  get model(): Model | undefined {
    return this.models.find((each) => each.id === this.settings.model) ?? this.models.find((each) => each.loaded) ?? this.models[0];
  }

  // Goes on until the server is ready.
  async connect(): Promise<void> {
    if (this.connecting) return;
    this.connecting = true;
    let pause = FIRST_PAUSE;
    let refused = false;
    for (;;) {
      try {
        this.device = await this.withKey(health);
        this.models = await this.withKey(models);
        break;
      } catch (error) {
        const http = error instanceof ApiError && error.kind === 'http' ? error : null;
        if (http?.status === 503) this.set('loading', http.message);
        else if (http) this.set('failed', http.message);
        else this.set('unreachable', '');
        refused = http?.status === 401 || http?.status === 403;
      }
      const loading = this.status === 'loading';
      // A missing key does not come by itself: only the user's "Try again" goes on.
      await this.sleep(loading ? LOADING_PAUSE : refused ? Infinity : pause);
      if (!loading) pause = Math.min(LONGEST_PAUSE, pause * 1.5);
    }
    this.connecting = false;
    this.set('ready', '');
  }

  retry(): void {
    this.wake?.();
    void this.connect();
  }

  // Runs `work` again with the key that the user enters, when it asks for one.
  async withKey<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401 || !(await this.enterKey())) throw error;
      }
    }
  }

  useKey(key: string): void {
    this.key = key;
    setKey(key);
    saveKey(key);
  }

  useSettings(settings: Settings): void {
    this.settings = settings;
    saveSettings(settings);
    this.changed();
  }

  // An answer tells which device made it, and why another was given up.
  sawDevice(name: string | null, reason: string | null): void {
    if (!name && !reason) return;
    const fallback = reason && !this.device.fallback.includes(reason) ? [...this.device.fallback, reason] : this.device.fallback;
    this.device = { name: name ?? this.device.name, fallback };
    this.changed();
  }

  // Several requests may be refused at once; the user is asked once.
  private enterKey(): Promise<boolean> {
    this.asking ??= askKey(this.key !== '').then((key) => {
      this.asking = null;
      if (key !== null) this.useKey(key);
      return key !== null;
    });
    return this.asking;
  }

  private set(status: Status, message: string): void {
    const same = status === this.status && message === this.message;
    this.status = status;
    this.message = message;
    if (!same) this.changed();
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === Infinity ? 0 : window.setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        this.wake = null;
        resolve();
      };
    });
  }
}
