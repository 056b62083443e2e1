// The state of a view, read from the model's traits, and its changes by the user. A change of the date is passed to
// the other views of this model immediately, and to the kernel only when the changes stop: a step through time sends
// no message.

const REST = 300; // ms
const CLOUDY = 0.2; // cover of a date that is left out where clear dates are stepped through
// Okabe and Ito's colours, safe for colour-blind eyes; their vermilion is used for the area.
export const COLORS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#f0e442"];
export const AREA_COLOR = "#d55e00";
export const MOST_PLACES = COLORS.length; // pins, and polygons

export class State {
  constructor(model, store) {
    this.model = model;
    this.store = store;
    this.blinked = false;
    this.heads();
  }

  heads() {
    this.source = this.store.sources[0];
    this.stamps = this.source.times.length ? this.source.times.map((t) => Date.parse(t)) : [0];
    this.times = new Map(this.store.sources.map((s) => [s.key, s.times.map((t) => Date.parse(t))]));
  }

  get t() {
    const at = this.source.times.indexOf(this.model.get("date"));
    return at < 0 ? 0 : at;
  }

  label(i) {
    return this.source.times[i] ?? "";
  }

  // The date of another source that lies nearest to date t of this one.
  nearest(key, t) {
    const times = this.times.get(key) ?? [];
    let best = 0;
    for (let i = 1; i < times.length; i++) if (Math.abs(times[i] - this.stamps[t]) < Math.abs(times[best] - this.stamps[t])) best = i;
    return best;
  }

  get style() {
    const get = (name) => this.model.get(name);
    return {
      bands: get("bands"), index: get("index"), vmin: get("vmin"), vmax: get("vmax"), stretch: get("stretch"),
      gamma: get("gamma"), cmap: get("cmap"), opacity: get("opacity"), clouds: get("clouds"),
    };
  }

  get compare() {
    const at = this.source.times.indexOf(this.model.get("compare_date"));
    return { mode: this.model.get("compare_mode"), key: this.model.get("compare_key"), t: at < 0 ? 0 : at, position: this.model.get("swipe") };
  }

  get selection() {
    const range = this.model.get("selection");
    if (range.length !== 2) return null;
    const [a, b] = range.map((d) => this.source.times.indexOf(d));
    return a >= 0 && b >= a ? [a, b] : null;
  }

  get events() {
    return this.model.get("events");
  }

  get layers() {
    return this.model.get("layers");
  }

  // --- actions of the user ------------------------------------------------------------------------------------

  go(i) {
    const t = Math.min(this.stamps.length - 1, Math.max(0, i));
    if (t === this.t && this.model.get("date")) return;
    this.later("date", this.label(t));
  }

  step(by) {
    this.go(this.after(this.t, by));
  }

  // The date after a step from a date.
  after(from, by) {
    const n = this.stamps.length;
    const next = (t) => (this.model.get("loop") ? (t + by + n) % n : Math.min(n - 1, Math.max(0, t + by)));
    let t = next(from);
    // As far as the cloud cover is known; if no date is clear, all are stepped through.
    const cloudy = (i) => this.model.get("clear_only") && this.source.cover[i] > CLOUDY;
    for (let i = 1; i < n && cloudy(t); i++) t = next(t);
    return cloudy(t) ? next(from) : t;
  }

  swipe(position) {
    this.later("swipe", position);
  }

  moved(bounds) {
    this.own = bounds.join();
    this.later("bounds", bounds);
  }

  // One end of the range moves, the other stays: where the date was when it began.
  extend(by) {
    const range = this.selection;
    if (!range) this.anchor = this.t;
    else if (!range.includes(this.anchor)) this.anchor = range[0];
    const { anchor } = this;
    const [a, b] = range ?? [anchor, anchor];
    const end = Math.min(this.stamps.length - 1, Math.max(0, (b === anchor ? a : b) + by));
    this.select(end === anchor ? null : [Math.min(anchor, end), Math.max(anchor, end)]);
  }

  select(range) {
    this.now("selection", range ? range.map((i) => this.label(i)) : []);
  }

  now(name, value) {
    this.model.set(name, value);
    this.model.save_changes();
  }

  later(name, value) {
    this.model.set(name, value);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.model.save_changes(), REST);
  }

  // Pending changes are sent before the view is removed.
  close() {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.model.save_changes();
  }

  drawn(something) {
    this.ondrawn?.(something);
  }

  // --- places -------------------------------------------------------------------------------------------------

  pixels(ground) {
    return this.model.get("pins").map((pin) => {
      const at = ground.known ? ground.fromLonLat(pin.lon, pin.lat) : [pin.x, pin.y];
      return { ...pin, x: at[0], y: at[1] };
    });
  }

  // Drawn shapes: [{ geometry, color, name, rings }], rings in pixels, the area in hand last.
  areas(ground) {
    if (!ground.known) return [];
    const own = this.model.get("area");
    const all = [...(this.model.get("polygons") ?? []), ...(own ? [{ geometry: own, color: AREA_COLOR, name: "area" }] : [])];
    return all.map((a) => ({ ...a, rings: this.rings(a.geometry, ground) })).filter((a) => a.rings.length);
  }

  // Outer rings and holes alike: what lies in an even number of them is outside.
  rings(geometry, ground) {
    if (this.ringsOn !== ground) [this.ringsOn, this.ringsOf] = [ground, new WeakMap()];
    if (!this.ringsOf.has(geometry)) {
      const { type, coordinates } = geometry;
      const polygons = type === "MultiPolygon" ? coordinates : type === "Polygon" ? [coordinates] : [];
      this.ringsOf.set(geometry, polygons.flat().map((ring) => ground.fromRing(cut(ring))));
    }
    return this.ringsOf.get(geometry);
  }
}

// Edges are straight in degrees; long ones in pieces, so that they bend as the projection bends them.
function cut(ring) {
  const [xs, ys] = [ring.map(([x]) => x), ring.map(([, y]) => y)];
  const reach = (list) => list.reduce((a, v) => Math.max(a, v), -Infinity) - list.reduce((a, v) => Math.min(a, v), Infinity);
  const piece = Math.hypot(reach(xs), reach(ys)) / 64;
  const out = [ring[0]];
  for (let i = 1; i < ring.length; i++) {
    const [[ax, ay], [bx, by]] = [ring[i - 1], ring[i]];
    const n = Math.max(1, Math.ceil(Math.hypot(bx - ax, by - ay) / piece) || 1);
    for (let k = 1; k <= n; k++) out.push([ax + ((bx - ax) * k) / n, ay + ((by - ay) * k) / n]);
  }
  return out;
}
