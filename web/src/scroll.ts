// Keeps the end of a growing text in sight, until the reader scrolls up; takes
// it up again when the reader comes back to the end.

const NEAR = 32; // pixels from the end that still count as the end

export class Follower {
  private following = true;
  private lastTop = 0;
  private lastHeight = 0;

  constructor(private readonly scroller: HTMLElement, content: HTMLElement, private readonly changed: (following: boolean) => void) {
    scroller.addEventListener('scroll', () => this.scrolled(), { passive: true });
    // A wheel turned up is a wish, even before anything has moved.
    scroller.addEventListener('wheel', (event) => {
      if (event.deltaY < 0 && scroller.scrollHeight > scroller.clientHeight) this.set(false);
    }, { passive: true });
    // Also sees what is not made by an answer: a window that gets narrower, an
    // input that gets higher, thinking that is opened.
    const observer = new ResizeObserver(() => {
      if (this.following) this.toEnd();
    });
    observer.observe(content);
    observer.observe(scroller);
  }

  follow(): void {
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
    this.lastHeight = this.scroller.scrollHeight;
  }

  private scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    // Up, although the text has not got shorter: it was the reader.
    if (scrollTop < this.lastTop - 1 && scrollHeight >= this.lastHeight && !atEnd) this.set(false);
    else if (atEnd && scrollTop > this.lastTop) this.set(true);
    this.lastTop = scrollTop;
    this.lastHeight = scrollHeight;
  }

  private set(following: boolean): void {
    if (following === this.following) return;
    this.following = following;
    this.changed(following);
  }
}
