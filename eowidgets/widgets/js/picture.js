import { h, OWN_KEYS } from "./dom.js";
import { Bitmaps } from "./bitmaps.js";
import { Detail } from "./detail.js";
import { Gestures, rectangle } from "./gestures.js";
import { Ground } from "./ground.js";
import { overlay } from "./overlay.js";
import { Pace } from "./pace.js";
import { pass, subject } from "./passes.js";
import { Polygon } from "./polygon.js";

// The picture: a canvas with the current date, and above it an SVG with everything that has a place. Mouse and touch
// are in gestures.js.

const OVERLAYS = 3; // windows that are drawn above one that covers the view
const TOUCH = 8; // pixels of the screen within which a click selects an object

export class Picture {
  constructor(state, store, { onpin, onarea, onhover }) {
    Object.assign(this, { state, store, onpin, onarea, onhover });
    this.canvas = h("canvas", { class: "eow-canvas" });
    this.overlay = h("svg", { class: "eow-overlay" });
    this.hint = h("div", { class: "eow-hint", role: "status" });
    this.element = h("div", {
      class: "eow-picture", tabindex: 0, role: "application", ...OWN_KEYS,
      "aria-label": "Picture. Arrow keys change the date, with shift they move the picture, plus and minus zoom. Enter pins the pixel in the middle, with shift it makes the view the area; a click, and shift and drag do the same. P starts a polygon, to which Enter adds corners.",
    }, this.canvas, this.overlay, this.hint);
    this.context = this.canvas.getContext("2d", { willReadFrequently: false });
    this.view = null;
    this.frames = 0;
    this.pending = 0;
    this.pace = new Pace(() => this.redraw());
    this.bitmaps = new Bitmaps(this);
    this.detail = new Detail(this);
    this.polygon = new Polygon((p) => this.toScreen(p), { ondone: (corners) => onarea(corners), onchange: () => this.drawn() });
    this.gestures = new Gestures(this);
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(this.element);
  }

  close() {
    this.resizer.disconnect();
    this.gestures.close();
    cancelAnimationFrame(this.pending);
    this.detail.close();
    this.pace.close();
    this.bitmaps.close();
  }

  get main() {
    return this.store.sources[0];
  }

  get ground() {
    if (this.groundOf !== this.main) [this.groundOf, this.theGround] = [this.main, new Ground(this.main)];
    return this.theGround;
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !clientHeight) return;
    const old = this.view && { ...this.view, width: this.canvas.width };
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    this.overlay.setAttribute("viewBox", `0 0 ${clientWidth} ${clientHeight}`);
    if (!old || this.fitted) this.fit();
    else this.view.step = old.step;
    this.redraw();
  }

  // Show the whole raster, centred.
  fit() {
    const { width, height } = this.canvas;
    const step = Math.max(this.main.width / width, this.main.height / height) || 1;
    this.view = { step, x: (this.main.width - width * step) / 2, y: (this.main.height - height * step) / 2 };
    this.fitted = true;
  }

  zoom(factor, cx = this.canvas.width / 2, cy = this.canvas.height / 2) {
    const { view } = this;
    const widest = 2 * Math.max(this.main.width / this.canvas.width, this.main.height / this.canvas.height);
    const step = Math.min(Math.max(view.step / factor, 1 / 64), Math.max(widest, 1 / 8));
    view.x += cx * (view.step - step);
    view.y += cy * (view.step - step);
    view.step = step;
    this.fitted = false;
    this.moved();
  }

  // The shape that is being drawn corner by corner: an area, or a line to measure.
  get tool() {
    return [this.polygon, this.measure?.tool].find((t) => t?.on) ?? null;
  }

  // By a tenth of what is in view.
  pan(right, down) {
    this.view.x += 0.1 * right * this.canvas.width * this.view.step;
    this.view.y += 0.1 * down * this.canvas.height * this.view.step;
    this.fitted = false;
    this.moved();
  }

  pinMiddle() {
    const { x, y, step } = this.view;
    this.click([x + (this.canvas.width / 2) * step, y + (this.canvas.height / 2) * step]);
  }

  click(at) {
    if (this.tool) this.tool.add(at);
    else this.onpin(...at, TOUCH * this.view.step * (window.devicePixelRatio || 1));
  }

  say() {
    const late = this.late ? `Loading ${this.state.label(this.state.t)}: the picture is still that of ${this.state.label(this.lastT)}.` : "";
    const text = this.tool?.hint || late || (this.bare ? "There is no measurement here on this date." : this.hidden() ? "Clouds hide all of this date: show clouds, or step to a clear date." : "");
    if (this.hint.textContent !== text) this.hint.textContent = text;
  }

  hidden() {
    const { style, t, selection } = this.state;
    return style.clouds === "hide" && !selection && this.main.cover[t] > 0.995;
  }

  // The polygon being drawn has another corner, or is done.
  drawn() {
    this.say();
    this.element.toggleAttribute("data-drawing", Boolean(this.tool));
    this.ondrawing?.(this.tool);
    if (this.view) this.decorate();
  }

  decorate() {
    this.overlay.replaceChildren(...overlay(this));
  }

  takeView() {
    const { x, y, step } = this.view;
    const { width, height } = this.main;
    const end = [Math.min(width, x + this.canvas.width * step), Math.min(height, y + this.canvas.height * step)];
    this.onarea(rectangle([Math.max(0, x), Math.max(0, y)], end));
  }

  moved() {
    this.redraw();
    this.state.moved(this.bounds());
  }

  // West, south, east, north of the view in the CRS.
  bounds() {
    const { x, y, step } = this.view;
    const [w, n] = this.ground.toCrs(x, y);
    const [e, s] = this.ground.toCrs(x + this.canvas.width * step, y + this.canvas.height * step);
    return [w, s, e, n];
  }

  show([w, s, e, n]) {
    const { x0, y0, dx, dy } = this.main.place;
    const { width, height } = this.canvas;
    const step = Math.max((e - w) / dx / width, (n - s) / dy / height);
    if (!(step > 0) || !Number.isFinite(step)) return;
    this.view = { step, x: (w - x0) / dx - (width * step - (e - w) / dx) / 2, y: (y0 - n) / dy - (height * step - (n - s) / dy) / 2 };
    this.fitted = false;
    this.redraw();
  }

  // A step through time does not change the overlay.
  redraw(decorate = true) {
    this.stale ||= decorate;
    this.stepped = !decorate && (this.stepped || !this.pending);
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.draw();
    });
  }

  // --- what is drawn ------------------------------------------------------------------------------------------

  draw() {
    if (!this.view || !this.canvas.width) return;
    const start = performance.now();
    const { t } = this.state;
    const kept = this.bitmaps.find(t);
    const sides = (this.sides = []);
    const passes = kept && !this.detail.large(this.main, [1]) ? null : this.current(t, kept);
    this.sides = null;
    this.detail.plan(sides); // before drawing, which takes longer than a request
    const rough = this.pace.rough(this.stepped && !kept);
    this.stepped = false;
    const look = JSON.stringify([this.view, this.canvas.width, this.canvas.height, this.main.version]);
    if (kept) {
      this.bitmaps.show(kept);
      this.bare = kept.bare;
    } else if (passes.length || !this.lacking || look !== this.drawnLook) {
      if (!this.store.backend.draw(this.context, this.view, [this.canvas.width, this.canvas.height], passes, rough)) return;
      this.drawnLook = look;
      this.pace.took(performance.now() - start, rough);
    }
    const something = Boolean(kept || passes.length);
    this.element.toggleAttribute("data-rough", rough > 1);
    this.element.toggleAttribute("data-copied", Boolean(kept));
    this.frames += 1;
    this.element.dataset.frames = this.frames;
    this.element.dataset.shown = something ? this.state.label(this.late ? this.lastT : t) : "";
    this.element.dataset.ms = (performance.now() - start).toFixed(1);
    if (this.stale) this.decorate();
    this.stale = false;
    this.say();
    this.state.drawn(something);
  }

  // The passes of the current date; until its pixels arrive, those of the date that was drawn before.
  current(t, kept) {
    const passes = this.passes(t);
    this.late = false;
    if (kept || !this.lacking) {
      this.lastT = t;
      return passes;
    }
    if (this.lastT === undefined || this.lastT >= this.state.stamps.length) return passes;
    const sides = this.sides;
    this.sides = null;
    const before = this.passes(this.lastT);
    this.sides = sides;
    this.late = before.length > 0 && !this.lacking;
    this.lacking = true;
    return this.late ? before : passes;
  }

  // Whether any pixels of a date are loaded.
  ready(t) {
    return this.store.has(this.main.key, subject(this.main, this.state.style).bands, this.store.coarse(this.main.key), t);
  }

  // The passes of another date than the current one, and whether nothing was measured on it.
  other(t) {
    const { bare, lacking } = this;
    const out = { passes: this.passes(t), bare: this.bare };
    Object.assign(this, { bare, lacking });
    return out;
  }

  passes(t) {
    const { style, compare } = this.state;
    const key = this.main.key;
    this.bare = this.lacking = false;
    const other = compare.key && this.store.source(compare.key) ? compare.key : key;
    const swipe = Math.round(this.canvas.width * compare.position);
    const left = [0, 0, swipe, this.canvas.height];
    const right = [swipe, 0, this.canvas.width - swipe, this.canvas.height];
    const second = { key: other, t: other === key ? compare.t : this.state.nearest(other, t) };
    const out = [];
    const { selection } = this.state;
    if (selection) out.push(...this.stack({ key, t: 0, range: selection }, style));
    else if (compare.mode === "swipe") out.push(...this.stack({ key, t }, style, null, left), ...this.stack(second, style, null, right));
    else if (compare.mode === "difference") out.push(...this.stack({ key, t }, style, second));
    else if (compare.mode === "blink") out.push(...this.stack(this.state.blinked ? second : { key, t }, style));
    else out.push(...this.stack({ key, t }, style));
    for (const layer of this.state.layers) {
      if (!layer.visible || !this.store.source(layer.key)) continue;
      const own = { ...style, ...layer.style, opacity: layer.opacity };
      out.push(...this.stack({ key: layer.key, t: this.state.nearest(layer.key, t) }, own, null, undefined, true));
    }
    return out.filter(Boolean);
  }

  // The finest window that covers the view, and finer ones above it; requests missing pixels.
  stack(side, style, other = null, clip = undefined, above = false) {
    const source = this.store.source(side.key);
    const what = subject(source, style);
    const bands = source.mask ? [...what.bands, "clouds"] : what.bands;
    const coarse = this.store.coarse(side.key);
    this.store.want(side.key, bands, coarse, side.t);
    if (other && other.key !== side.key) this.store.want(other.key, bands, this.store.coarse(other.key), other.t);
    this.ask(source, bands, side);
    if (other) this.ask(this.store.source(other.key), bands, other);
    const here = this.store.windows(side.key, what.bands[0], side.range ? undefined : side.t).reverse();
    const ready = here.filter((w) => this.detail.touches(w, source) && this.store.has(side.key, bands, w, side.t) && (!other || this.store.has(other.key, what.bands, w, other.t)));
    if (!ready.length) {
      if (source === this.main) this.lacking = !(source.width && this.store.has(side.key, bands, coarse, side.t));
      return [];
    }
    const base = Math.max(0, ready.findLastIndex((w) => this.detail.covers(w, source)));
    if (source === this.main && !other && !side.range) this.bare ||= !this.store.measured(side.key, what.bands, ready[base], side.t);
    if (side.range) return this.median(side, style, ready, clip);
    // Windows below would show through a transparent layer.
    const drawn = style.opacity < 1 ? [ready[base]] : [ready[base], ...ready.slice(base + 1).slice(-OVERLAYS)];
    return drawn.map((w, i) => pass(this.store, style, side, other, w, clip, above || i > 0));
  }

  ask(source, bands, { key, t }) {
    if (this.detail.large(source, bands)) this.sides?.push({ source, bands, t });
    else if (source.coarse > 1) this.store.want(key, bands, `0,0,${source.width},${source.height},1`, t);
  }

  // The median of a range of dates, at the finest loaded level.
  median(side, style, windows, clip) {
    const [first, last] = side.range;
    const hide = style.clouds !== "show" || this.store.source(side.key).mask;
    const made = windows.map((w) => pass(this.store, style, { ...side, plane: (b) => this.store.median(side.key, b, w, first, last, hide) }, null, w, clip));
    return made.filter(Boolean).slice(-1);
  }

  // --- above the picture --------------------------------------------------------------------------------------

  toScreen([x, y]) {
    const ratio = window.devicePixelRatio || 1;
    return [(x - this.view.x) / this.view.step / ratio, (y - this.view.y) / this.view.step / ratio];
  }

  toPixel(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / box.width;
    return [this.view.x + (event.clientX - box.left) * scale * this.view.step, this.view.y + (event.clientY - box.top) * scale * this.view.step];
  }
}
