import { evaluate } from "./cpu.js";
import { subject } from "./passes.js";

// Series of pins and areas, from the pixels in the browser; missing ones are requested from the kernel once.

const VEGETATION = ["NDVI", "kNDVI", "EVI", "SAVI", "GNDVI", "NDREI", "VARI", "DpRVIVV"]; // the first that the bands allow
const MOST_PIXELS = 4_000_000; // of an area, read back from the GPU per date
const AT_ONCE = 65_536; // pixels of an area that are processed without a pause
const SLICE = 10; // ms of work between two frames
const ENOUGH = 0.5; // below this observed share of an area, its date is drawn hollow

export class SeriesReader {
  constructor(store, state) {
    this.store = store;
    this.state = state;
    this.forget();
    this.hear = (message) => {
      if (message.type !== "series" || !this.answers.has(message.id)) return;
      this.answers.set(message.id, message);
      this.onanswer?.();
    };
    store.model.on("msg:custom", this.hear);
  }

  close() {
    this.store.model.off("msg:custom", this.hear);
    clearTimeout(this.timer);
    this.jobs = [];
  }

  forget() {
    this.answers = new Map();
    this.jobs = [];
  }

  // Quantity of the chart: the index or band that is drawn; of a mix a vegetation index if the bands allow one, else its first channel.
  what() {
    const what = subject(this.state.source, this.state.style);
    if (what.kind !== "rgb") return what;
    const index = VEGETATION.find((name) => this.state.source.indices.some((i) => i.name === name));
    if (index) return subject(this.state.source, { ...this.state.style, index });
    const band = this.state.source.bands.find((b) => b.name === what.bands[0]);
    return { ...what, bands: [band.name], rpn: ["b0"], unit: band.unit, title: band.long_name || band.name };
  }

  all(ground) {
    const what = this.what();
    this.waiting = false;
    const pins = this.state.pixels(ground).map((pin) => this.pixel(pin, what));
    const areas = this.state.areas(ground).map((area) => this.area(area, what));
    return { what, series: [...pins, ...areas].filter(Boolean), asked: pins.length + areas.length > 0 };
  }

  pixel(pin, what) {
    const { source, stamps } = this.state;
    const [x, y] = [Math.floor(pin.x), Math.floor(pin.y)];
    if (!(x >= 0 && y >= 0 && x < source.width && y < source.height)) return null;
    const columns = what.bands.map((b) => this.store.series(source.key, b, x, y));
    if (columns.some((c) => !c)) return this.ask({ pixel: [x, y] }, what, pin.color, pin.name || "pixel");
    const values = stamps.map((_, t) => {
      const b = columns.map((c) => c[c.length === 1 ? 0 : t]);
      return b.some(Number.isNaN) ? NaN : evaluate(what.rpn, b);
    });
    return { name: pin.name || "pixel", color: pin.color, stamps, values, hollow: this.store.cloudy(source.key, x, y) };
  }

  // An area may have millions of values: they are processed between frames, and the chart is updated at the end.
  area(area, what) {
    const { source } = this.state;
    const id = this.key({ area: area.geometry }, what);
    if (!this.answers.has(id)) {
      const box = boxOf(area.rings, source);
      if (!box) return null;
      const parts = this.parts(box, what);
      if (!parts) return this.ask({ area: area.geometry }, what, area.color, area.name);
      this.answers.set(id, { pending: true });
      this.jobs.push(this.measure(id, area.rings, box, parts, what));
      this.turn();
    }
    return this.line(id, area.color, area.name);
  }

  // The planes that cover a box at full resolution; null if one is not loaded.
  parts({ x0, y0, w, hgt }, what) {
    const { source } = this.state;
    if (w * hgt > MOST_PIXELS && !this.store.model.alone) return null;
    const names = source.mask ? [...what.bands, "clouds"] : what.bands;
    const found = names.map((b) => this.store.finest(source.key, b, x0, y0));
    return found.every((p) => p && p.x1 >= x0 + w && p.y1 >= y0 + hgt) ? found : null;
  }

  *measure(id, rings, box, parts, what) {
    const { source, stamps } = this.state;
    const inside = insideRings(rings, box);
    const count = inside.reduce((n, v) => n + v, 0);
    const rows = Math.max(1, Math.floor(AT_ONCE / box.w));
    const out = { values: [], low: [], high: [], hollow: [] };
    const bands = what.bands.map((b) => this.store.band(source.key, b));
    for (let t = 0; t < stamps.length; t++) {
      const sum = { n: 0, first: 0, second: 0, base: null, counts: what.classes && new Map() };
      for (let row = 0; row < box.hgt; row += rows) {
        // Series dropped meanwhile (another view, a lost context) are computed again on demand.
        const now = this.parts(box, what);
        if (!now || now.some((p, i) => p.plane !== parts[i].plane)) return void this.answers.delete(id);
        this.add(sum, now, t, row, Math.min(rows, box.hgt - row), box, inside, bands, what.rpn);
        yield;
      }
      const shift = sum.n ? sum.first / sum.n : NaN;
      // Class numbers have no mean: the most frequent class is used, the lowest number in a tie.
      const mean = sum.counts && sum.n ? mostFrequent(sum.counts) : sum.base + shift;
      const std = sum.counts ? 0 : Math.sqrt(Math.max(0, sum.second / sum.n - shift * shift));
      out.values.push(mean);
      out.low.push(mean - std);
      out.high.push(mean + std);
      out.hollow.push(sum.n < ENOUGH * count ? 1 : 0);
    }
    this.answers.set(id, out);
  }

  // Sums over some rows of a date. Deviations are taken from the first value, which keeps the digits of large numbers.
  add(sum, parts, t, row, hgt, { w }, inside, bands, rpn) {
    const read = (p, x, width) => this.store.backend.box(p.plane, p.plane.dates === 1 ? 0 : t, x, p.y + row, width, hgt);
    const codes = bands.map((_, k) => read(parts[k], parts[k].x, w));
    const mask = parts[bands.length];
    const left = mask && mask.x >> 3;
    const bytes = mask && ((mask.x + w - 1) >> 3) - left + 1;
    const packed = mask && read(mask, left, bytes);
    const b = new Array(bands.length);
    for (let i = 0; i < w * hgt; i++) {
      if (!inside[row * w + i]) continue;
      if (mask) {
        const x = mask.x + (i % w);
        if ((packed[Math.floor(i / w) * bytes + (x >> 3) - left] >> (7 - (x & 7))) & 1) continue;
      }
      let seen = true;
      for (let k = 0; k < b.length; k++) {
        if (codes[k][i] === 0) seen = false;
        b[k] = (codes[k][i] - 1) * bands[k].scale + bands[k].offset;
      }
      const v = seen ? evaluate(rpn, b) : NaN;
      if (!Number.isFinite(v)) continue;
      sum.counts?.set(v, (sum.counts.get(v) ?? 0) + 1);
      sum.base ??= v;
      sum.n += 1;
      sum.first += v - sum.base;
      sum.second += (v - sum.base) ** 2;
    }
  }

  turn() {
    this.timer ||= setTimeout(() => {
      this.timer = 0;
      const end = performance.now() + SLICE;
      let done = false;
      while (this.jobs.length && performance.now() < end) {
        if (!this.jobs[0].next().done) continue;
        this.jobs.shift();
        done = true;
      }
      if (this.jobs.length) this.turn();
      if (done) this.onanswer?.();
    });
  }

  key(place, what) {
    return JSON.stringify([place, what.bands, what.rpn, this.state.source.version, this.store.edits]);
  }

  ask(place, what, color, name) {
    const id = this.key(place, what);
    if (!this.answers.has(id)) {
      this.answers.set(id, { pending: true });
      this.store.model.send({ type: "series", id, ...place, bands: what.bands, rpn: what.rpn });
    }
    return this.line(id, color, name);
  }

  line(id, color, name) {
    const answer = this.answers.get(id);
    if (!answer || answer.pending) {
      this.waiting = true;
      return null;
    }
    const { values, hollow, low, high, stride = 1 } = answer;
    const numbers = (list) => list?.map((v) => v ?? NaN);
    const of = stride > 1 ? ` of every ${stride}th pixel` : "";
    const title = low ? `${name} (mean${of}, one standard deviation)` : name;
    return { name: title, color, stamps: this.state.stamps, values: numbers(values), hollow, low: numbers(low), high: numbers(high) };
  }
}

// The part of the grid that rings reach over; null where they do not touch it.
function boxOf(rings, source) {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of rings.flat()) [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x), Math.max(y1, y)];
  [x0, y0] = [Math.max(0, Math.floor(x0)), Math.max(0, Math.floor(y0))];
  const [w, hgt] = [Math.min(source.width, Math.ceil(x1)) - x0, Math.min(source.height, Math.ceil(y1)) - y0];
  return w > 0 && hgt > 0 ? { x0, y0, w, hgt } : null;
}

// Pixels of rings: those whose centre lies in an odd number of them; without any, those touched.
function insideRings(rings, { x0, y0, w, hgt }) {
  const out = new Uint8Array(w * hgt);
  for (let row = 0; row < hgt; row++) {
    const y = y0 + row + 0.5;
    const cuts = [];
    for (const ring of rings) {
      for (let i = 0; i + 1 < ring.length; i++) {
        const [[ax, ay], [bx, by]] = [ring[i], ring[i + 1]];
        if (ay > y !== by > y) cuts.push(ax + ((y - ay) / (by - ay)) * (bx - ax));
      }
    }
    cuts.sort((a, b) => a - b);
    for (let i = 0; i + 1 < cuts.length; i += 2) {
      for (let x = Math.max(0, Math.ceil(cuts[i] - x0 - 0.5)); x < w && x0 + x + 0.5 < cuts[i + 1]; x++) out[row * w + x] = 1;
    }
  }
  if (!out.includes(1)) touched(rings, { x0, y0, w, hgt }, out);
  return out;
}

function touched(rings, { x0, y0, w, hgt }, out) {
  for (const ring of rings) {
    for (let i = 0; i + 1 < ring.length; i++) {
      const [[ax, ay], [bx, by]] = [ring[i], ring[i + 1]];
      const n = Math.ceil(16 * Math.hypot(bx - ax, by - ay)) + 1;
      for (let k = 0; k <= n; k++) {
        const [x, y] = [Math.floor(ax + ((bx - ax) * k) / n) - x0, Math.floor(ay + ((by - ay) * k) / n) - y0];
        if (x >= 0 && y >= 0 && x < w && y < hgt) out[y * w + x] = 1;
      }
    }
  }
}

const mostFrequent = (counts) => [...counts].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a))[0];
