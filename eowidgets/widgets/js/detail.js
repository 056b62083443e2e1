import { gridOf } from "./passes.js";

// Requests of finer pixels. A small source is loaded whole, all dates at full resolution. Of a larger one, frames are
// requested: one date, the part in view, at the level that the screen can show. During playback the level is one that
// arrives in time; the fine one follows at rest.

const SETTLE = 120; // ms: while the view changes faster than this, nothing new is requested
const SNAP = 128; // pixels of a level to which windows are rounded, so that a small move requests nothing
const AHEAD = 4; // dates that are requested ahead during playback
const MOST_OPEN = 6; // frames that are requested at a time
const RATE = 5_000_000; // bytes per second that playback requests
const ENLARGED = 1.25; // pixels of the screen per side of a pixel above which the next finer level is requested
const IN_MEMORY = 2; // divisor of the budget for a source that is loaded whole,
const LAZY = 8; // and for a source that is read from a disk or a network first
const LATE = 2; // late dates after which a coarser level is played,
const ON_TIME = 24; // and timely dates after which a finer one is tried again

export class Detail {
  constructor(picture) {
    Object.assign(this, { picture, state: picture.state, store: picture.store });
    this.coarser = this.late = this.onTime = 0;
  }

  close() {
    clearTimeout(this.timer);
    this.store.need(this, []);
  }

  // Whether a source is too large to be loaded whole.
  large(source, bands) {
    if (source.coarse === 1) return false;
    const bytes = source.width * source.height * source.dates * 2 * bands.length;
    const most = this.store.model.get("budget") / (source.lazy ? LAZY : IN_MEMORY);
    return bytes > most || Math.max(source.width, source.height) > this.store.backend.maxSize;
  }

  // The part of a source that is in view: [x0, y0, x1, y1] in its pixels, null where nothing of it is.
  seen(source) {
    const { view, canvas, main } = this.picture;
    const [ax, ay, bx, by] = gridOf(main, source);
    const within = (v, most) => Math.min(most, Math.max(0, v));
    const x0 = within(view.x * ax + bx, source.width);
    const y0 = within(view.y * ay + by, source.height);
    const x1 = within((view.x + canvas.width * view.step) * ax + bx, source.width);
    const y1 = within((view.y + canvas.height * view.step) * ay + by, source.height);
    return x1 > x0 && y1 > y0 ? [x0, y0, x1, y1] : null;
  }

  // Whether a window has all of a source that is in view, and whether it has anything of it.
  covers(window, source) {
    const seen = this.seen(source);
    const [x0, y0, x1, y1] = window.split(",").map(Number);
    return !seen || (x0 <= seen[0] && y0 <= seen[1] && x1 >= seen[2] && y1 >= seen[3]);
  }

  touches(window, source) {
    const seen = this.seen(source);
    const [x0, y0, x1, y1] = window.split(",").map(Number);
    return Boolean(seen) && x0 < seen[2] && y0 < seen[3] && x1 > seen[0] && y1 > seen[1];
  }

  // A stride in source pixels that is fine enough for the screen.
  level(source) {
    const step = Math.abs(this.picture.view.step * gridOf(this.picture.main, source)[0]);
    return 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, step * ENLARGED))));
  }

  window(source, stride) {
    const seen = this.seen(source);
    if (!seen) return null;
    const tile = SNAP * stride;
    const down = (v) => Math.floor(v / tile) * tile;
    const up = (v, most) => Math.min(most, Math.ceil(v / tile) * tile);
    return [down(seen[0]), down(seen[1]), up(seen[2], source.width), up(seen[3], source.height), stride];
  }

  // The level of playback: the finest within the rate, and a coarser one if it arrived late.
  playable(source, bands) {
    const speed = this.store.model.get("speed");
    let stride = this.level(source);
    const bytes = ([x0, y0, x1, y1]) => ((x1 - x0) * (y1 - y0) * (2 * bands.length)) / stride ** 2;
    for (let w; (w = this.window(source, stride)) && stride < source.coarse && bytes(w) * speed > RATE; ) stride *= 2;
    return stride * 2 ** this.coarser;
  }

  // What is needed after a picture was drawn; sides: [{ source, bands, t }] of the sources that come in frames.
  plan(sides) {
    this.sides = sides;
    const { view, canvas } = this.picture;
    const playing = this.store.model.get("playing");
    const look = [view.x, view.y, view.step, canvas.width, canvas.height, playing || this.state.t].join();
    if (look !== this.look) {
      const now = performance.now();
      const again = now - this.changedAt < SETTLE;
      [this.look, this.changedAt] = [look, now];
      clearTimeout(this.timer);
      this.timer = 0;
      if (again && !playing) {
        this.timer = setTimeout(() => {
          this.timer = 0;
          this.ask();
        }, SETTLE);
        return;
      }
    }
    if (!this.timer) this.ask();
  }

  ask() {
    const playing = this.store.model.get("playing");
    const frames = [];
    const near = {};
    if (playing) this.judge();
    else this.coarser = this.late = this.onTime = 0;
    for (const { source, bands, t } of this.sides) {
      const next = playing && source === this.picture.main ? this.ahead() : [];
      const coarse = this.store.coarse(source.key);
      const missing = [t, ...next].find((d) => !this.store.has(source.key, bands, coarse, d));
      if (missing !== undefined) near[source.key] = missing;
      const stride = playing ? this.playable(source, bands) : this.level(source);
      const window = stride < source.coarse ? this.window(source, stride) : null;
      if (!window) continue;
      const wanted = [t, ...next].filter((d) => !this.here(source, bands, d, stride));
      frames.push(...wanted.map((d) => ({ source: source.key, bands, window: window.join(), t: d })));
    }
    this.store.need(this, frames.slice(0, MOST_OPEN), near);
  }

  // Whether all pixels in view are loaded, at a level or finer.
  here(source, bands, t, stride) {
    const fine = this.store.windows(source.key, bands[0], t).filter((w) => Number(w.split(",")[4]) <= stride && this.covers(w, source));
    return fine.some((w) => this.store.has(source.key, bands, w, t));
  }

  ahead() {
    const out = [];
    for (let t = this.state.t, i = 0; i < AHEAD; i++) out.push((t = this.state.after(t, 1)));
    return [...new Set(out)].filter((t) => t !== this.state.t);
  }

  // Whether the pixels of the current date arrived in time.
  judge() {
    const main = this.sides.find((s) => s.source === this.picture.main);
    if (!main || main.t === this.judged) return;
    this.judged = main.t;
    const stride = this.playable(main.source, main.bands);
    if (stride >= main.source.coarse) return;
    if (this.here(main.source, main.bands, main.t, stride)) {
      this.onTime += 1;
      if (this.onTime >= ON_TIME) [this.coarser, this.onTime, this.late] = [Math.max(0, this.coarser - 1), 0, 0];
    } else if (++this.late > LATE) [this.coarser, this.onTime, this.late] = [this.coarser + 1, 0, 0];
  }
}
