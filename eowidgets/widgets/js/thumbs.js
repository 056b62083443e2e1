import { h } from "./dom.js";
import { pass, subject } from "./passes.js";

// A small picture of the date under the pointer, above the time axis. It is drawn from pixels that are in the browser;
// without any, it follows when they arrive.

const [WIDE, HIGH] = [152, 114]; // CSS pixels of the picture
const CARD = WIDE + 10;
const EDGE = 4; // between the card and the ends of the axis

export class Thumbs {
  constructor(state, store, picture) {
    Object.assign(this, { state, store, picture });
    const ratio = window.devicePixelRatio || 1;
    this.canvas = h("canvas", { class: "eow-thumb-picture", width: Math.round(WIDE * ratio), height: Math.round(HIGH * ratio) });
    this.context = this.canvas.getContext("2d");
    this.date = h("b", {});
    this.clear = h("span", {});
    this.wait = h("span", { class: "eow-thumb-wait" }, "Loading …");
    this.element = h("div", { class: "eow-float eow-thumb", hidden: true, "aria-hidden": "true" }, this.canvas, this.wait, h("div", { class: "eow-thumb-text" }, this.date, this.clear));
  }

  close() {
    cancelAnimationFrame(this.pending);
  }

  // t: a date, x: its place on the axis of a width; null hides the card. strip: the pointer is where a range is chosen.
  show(t, x = 0, width = 0, strip = false) {
    this.t = t;
    this.element.hidden = t === null;
    if (t === null) return;
    // A transform: a place that changes would count as a shift of the layout.
    const left = Math.min(Math.max(x - CARD / 2, EDGE), Math.max(EDGE, width - CARD - EDGE));
    this.element.style.transform = `translateX(${left}px)`;
    const cover = this.state.source.cover[t];
    this.date.textContent = this.state.label(t);
    const clear = cover === null || cover === undefined ? "" : `${Math.round(100 * (1 - cover))} % clear`;
    this.clear.textContent = strip ? "drag: median" : clear;
    this.refresh();
  }

  refresh() {
    if (this.t === null || this.t === undefined) return;
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      if (this.t !== null) this.draw();
    });
  }

  draw() {
    const { state, store, t } = this;
    const passes = this.passes(t);
    const drawn = passes.length > 0 && store.backend.draw(this.context, this.view(), [this.canvas.width, this.canvas.height], passes);
    if (!drawn) this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.wait.hidden = drawn;
    this.element.dataset.shown = drawn ? state.label(t) : "";
  }

  // The part of the raster that is in view, as large as the card allows.
  view() {
    const { view, canvas, main } = this.picture;
    const x0 = Math.max(0, view.x);
    const y0 = Math.max(0, view.y);
    const x1 = Math.min(main.width, view.x + canvas.width * view.step);
    const y1 = Math.min(main.height, view.y + canvas.height * view.step);
    const [w, hgt] = x1 > x0 && y1 > y0 ? [x1 - x0, y1 - y0] : [main.width, main.height];
    const step = Math.max(w / this.canvas.width, hgt / this.canvas.height);
    return { step, x: x0 - (this.canvas.width * step - w) / 2, y: y0 - (this.canvas.height * step - hgt) / 2 };
  }

  // The coarse picture, and above it the finest window that has this date.
  passes(t) {
    const { state, store } = this;
    const { source, style } = state;
    const what = subject(source, style);
    const bands = source.mask ? [...what.bands, "clouds"] : what.bands;
    const coarse = store.coarse(source.key);
    store.want(source.key, bands, coarse, t);
    const windows = store.windows(source.key, what.bands[0], t).filter((w) => store.has(source.key, bands, w, t));
    const finest = windows.find((w) => w !== coarse);
    const drawn = [...(windows.includes(coarse) ? [coarse] : []), ...(finest ? [finest] : [])];
    return drawn.map((w, i) => pass(store, style, { key: source.key, t }, null, w, undefined, i > 0)).filter(Boolean);
  }
}
