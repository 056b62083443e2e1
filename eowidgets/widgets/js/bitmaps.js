import { visible } from "./gl.js";
import { shared, sizeOf } from "./store.js";

// Without a GPU a picture takes most of a frame, and a copy of one less than a millisecond. While nothing else happens, the
// dates around the current one are drawn and kept as bitmaps, so that a step is one copy. Any change but that of the date
// drops them.

const STILL = 800; // ms without such a change before the first bitmap is made
const PAUSE_BETWEEN = 40; // ms after a step, and after a bitmap: a click then rarely waits for one
const LATEST = 500; // ms to wait for an idle period
const MOST_KEPT = 256_000_000; // bytes of the bitmaps of all viewers on the page

// The bitmaps of one picture.
export class Bitmaps {
  constructor(picture) {
    Object.assign(this, { picture, state: picture.state, store: picture.store });
    this.kept = new Map(); // date -> { bitmap, x, y, bytes, bare }
    this.bytes = 0;
    this.look = null;
    this.forward = 1;
    this.page = shared().bitmaps ??= new Set(); // of every viewer, that drawn last at the end
    this.changed = (pixels) => pixels !== false && this.drop();
    this.store.listeners.add(this.changed);
  }

  close() {
    this.rest();
    this.store.listeners.delete(this.changed);
    this.drop();
    this.page.delete(this);
  }

  // The stored bitmap of a date for the picture that is about to be drawn.
  find(t) {
    const look = this.looks();
    if (look !== this.look) this.drop();
    this.look = look;
    const [by, half] = [t - this.t, this.state.stamps.length / 2];
    if (by) this.forward = by > 0 === Math.abs(by) < half ? 1 : -1; // from the last date to the first is a step ahead
    [this.t, this.busyAt] = [t, performance.now()];
    this.page.delete(this);
    this.page.add(this);
    this.wait();
    return this.kept.get(t);
  }

  // Key of a picture without date and pixels; null if no bitmaps are created: with a GPU, and if pictures
  // change while they are shown.
  looks() {
    const { picture: { canvas, view }, state, store } = this;
    const { compare } = state;
    if (!store.backend.software || typeof OffscreenCanvas === "undefined" || state.selection || compare.mode === "blink") return null;
    return JSON.stringify([state.style, compare, state.layers, view, canvas.width, canvas.height]);
  }

  show({ bitmap, x, y }) {
    const { canvas, context } = this.picture;
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (bitmap) context.drawImage(bitmap, x, y);
  }

  drop() {
    for (const t of this.kept.keys()) this.forget(t);
    this.changedAt = performance.now();
  }

  forget(t) {
    const { bitmap, bytes } = this.kept.get(t);
    bitmap?.close();
    this.bytes -= bytes;
    this.kept.delete(t);
    this.count();
  }

  count() {
    this.picture.element.dataset.kept = this.kept.size;
  }

  // --- while nothing else happens -------------------------------------------------------------------------------

  wait() {
    if (this.timer || this.idle || this.look === null) return;
    const left = this.left();
    if (left > 0) {
      this.timer = setTimeout(() => {
        this.timer = 0;
        this.wait();
      }, left);
    } else if (window.requestIdleCallback) this.idle = requestIdleCallback(() => this.work(), { timeout: LATEST });
    else this.idle = setTimeout(() => this.work(), PAUSE_BETWEEN);
  }

  // ms until nothing else happens.
  left() {
    return Math.max(this.changedAt + STILL, this.busyAt + PAUSE_BETWEEN) - performance.now();
  }

  rest() {
    clearTimeout(this.timer);
    if (window.requestIdleCallback) cancelIdleCallback(this.idle);
    else clearTimeout(this.idle);
    this.timer = this.idle = 0;
    this.scratch = null;
  }

  // One bitmap, and on to the next. Later events (pixels, a change, a step) draw the picture, and the wait starts again.
  work() {
    this.idle = 0;
    if (this.looks() !== this.look || !this.store.whole()) return;
    if (this.left() > 0) return this.wait();
    const [t, wanted] = this.next();
    for (const old of [...this.kept.keys()]) if (!wanted.has(old)) this.forget(old);
    if (t !== undefined && this.make(t)) this.wait();
    else this.rest();
  }

  // The date to be drawn next, and all that are wanted: as many as there is room for.
  next() {
    const { width, height } = this.picture.canvas;
    const each = this.kept.size ? this.bytes / this.kept.size : 4 * width * height;
    const wanted = this.around(Math.floor(this.room() / Math.max(1, each)));
    return [[...wanted].find((t) => !this.kept.has(t)), wanted];
  }

  // The given number of dates in the order of likely use: two ahead for one behind.
  around(count) {
    const { state, forward } = this;
    const seen = new Set(count ? [state.t] : []);
    const ends = [state.t, state.t]; // behind, ahead
    for (let i = 0; seen.size < count && i < 3 * state.stamps.length; i++) {
      const ahead = i % 3 < 2 ? 1 : 0;
      ends[ahead] = state.after(ends[ahead], ahead ? forward : -forward);
      seen.add(ends[ahead]);
    }
    return seen;
  }

  // Bytes for bitmaps: what pixels and other views leave of the budget; on the page, the viewer drawn last comes first.
  room() {
    const { page, store } = this;
    const pixels = [...store.planes.values()].reduce((sum, p) => sum + sizeOf(p), 0);
    const others = [...page].filter((b) => b !== this && b.store === store);
    const later = [...page].slice([...page].indexOf(this) + 1);
    return Math.max(0, Math.min(store.model.get("budget") - pixels - together(others), MOST_KEPT - together(later)));
  }

  make(t) {
    const { picture, store } = this;
    const { width, height } = picture.canvas;
    const { passes, bare } = picture.other(t);
    if (!passes.length) return false;
    this.scratch ??= new OffscreenCanvas(width, height);
    if (this.scratch.width !== width || this.scratch.height !== height) Object.assign(this.scratch, { width, height });
    if (!store.backend.draw(this.scratch.getContext("2d"), picture.view, [width, height], passes)) return false;
    const [x, y, wide, high] = extentOf(passes, picture.view, width, height);
    const bitmap = wide > 0 && high > 0 ? excerpt(this.scratch, x, y, wide, high) : null;
    const bytes = bitmap ? 4 * wide * high : 0;
    this.kept.set(t, { bitmap, x, y, bytes, bare });
    this.bytes += bytes;
    this.count();
    for (const earlier of this.page) {
      if (earlier === this || together([...this.page]) <= MOST_KEPT) break;
      earlier.drop();
    }
    this.busyAt = performance.now();
    return true;
  }
}

const together = (bitmaps) => bitmaps.reduce((sum, b) => sum + b.bytes, 0);

// The box of the screen in which passes have pixels: nothing else of a picture is kept.
function extentOf(passes, view, width, height) {
  const boxes = passes.map((pass) => visible(pass, view, pass.clip ?? [0, 0, width, height])).filter(([, , w, h]) => w > 0 && h > 0);
  if (!boxes.length) return [0, 0, 0, 0];
  const least = (i) => Math.min(...boxes.map((b) => b[i]));
  const most = (i) => Math.max(...boxes.map((b) => b[i] + b[i + 2]));
  return [least(0), least(1), most(0) - least(0), most(1) - least(1)];
}

function excerpt(canvas, x, y, width, height) {
  const part = new OffscreenCanvas(width, height);
  part.getContext("2d").drawImage(canvas, -x, -y);
  return part.transferToImageBitmap();
}
