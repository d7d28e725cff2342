// Keeps the end of a growing text in sight, until the reader scrolls up; takes
// it up again when the reader comes back to the end.

const NEAR = 32; // pixels from the end that still count as the end
const GLIDE = 600; // ms that the browser may go on moving after a wheel, key or finger

const UP = new Set(['ArrowUp', 'PageUp', 'Home']);
const DOWN = new Set(['ArrowDown', 'PageDown', 'End', ' ']);

export class Follower {
  private following = true;
  private lastTop = 0;
  private held = false; // a finger or the scroll bar is held
  private moved = -Infinity; // when the reader last moved the text
  private aim = 0; // where the end was then: the reader aims at it, while the text goes on growing

  constructor(private readonly scroller: HTMLElement, content: HTMLElement, private readonly changed: (following: boolean) => void) {
    const passive = { passive: true };
    scroller.addEventListener('scroll', () => this.scrolled(), passive);
    scroller.addEventListener('wheel', (event) => this.touch(Math.sign(event.deltaY)), passive);
    scroller.addEventListener('touchmove', () => this.touch(0), passive);
    scroller.addEventListener('keydown', (event) => {
      if (event.target instanceof HTMLTextAreaElement) return;
      if (UP.has(event.key) || (event.key === ' ' && event.shiftKey)) this.touch(-1);
      else if (DOWN.has(event.key)) this.touch(1);
    });
    scroller.addEventListener('pointerdown', () => (this.held = true), passive);
    for (const name of ['pointerup', 'pointercancel'] as const) addEventListener(name, () => {
      if (this.held) this.touch(0);
      this.held = false;
    }, passive);
    // Also sees what is not made by an answer: a window that gets narrower, an
    // input that gets higher, thinking that is opened.
    const observer = new ResizeObserver(() => this.grown());
    observer.observe(content);
    observer.observe(scroller);
  }

  follow(): void {
    this.moved = -Infinity; // what still glides is not wanted any more
    this.set(true);
    this.toEnd();
  }

  // To be called after each change, before the browser paints: the last line
  // is never shown cut off.
  grown(): void {
    if (this.following) this.toEnd();
  }

  private toEnd(): void {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.lastTop = this.scroller.scrollTop;
  }

  private touch(direction: number): void {
    this.moved = performance.now();
    this.aim = this.scroller.scrollHeight;
    // Up is a wish, even before anything has moved.
    if (direction < 0 && this.scroller.scrollTop > 0) this.set(false);
  }

  private scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const reader = this.held || performance.now() - this.moved < GLIDE;
    const end = reader ? Math.min(scrollHeight, Math.max(this.aim, clientHeight)) : scrollHeight;
    const up = scrollTop < this.lastTop - 1;
    const down = scrollTop > this.lastTop;
    this.lastTop = scrollTop;
    // Without the reader's hand it was the browser, as when the text got shorter.
    if (reader && up && scrollHeight - scrollTop - clientHeight >= NEAR && this.following) this.set(false);
    else if (down && end - scrollTop - clientHeight < NEAR && !this.following) this.follow();
  }

  private set(following: boolean): void {
    if (following === this.following) return;
    this.following = following;
    this.changed(following);
  }
}
