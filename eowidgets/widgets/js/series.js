import { evaluate } from "./cpu.js";
import { subject } from "./passes.js";

// Series of pins and of the area, from the pixels that are in the browser; what is not here is asked of the kernel once.

const AREA_COLOR = "#d55e00";
const MOST_PIXELS = 400_000; // of an area, read back from the GPU per date

export class SeriesReader {
  constructor(store, state) {
    this.store = store;
    this.state = state;
    this.answers = new Map();
    this.hear = (message) => {
      if (message.type !== "series") return;
      this.answers.set(message.id, message);
      this.onanswer?.();
    };
    store.model.on("msg:custom", this.hear);
  }

  close() {
    this.store.model.off("msg:custom", this.hear);
  }

  forget() {
    this.answers.clear();
  }

  // What the chart shows: the index, else the first band that is drawn (for a mix, its first channel).
  what() {
    const what = subject(this.state.source, this.state.style);
    if (what.kind !== "rgb") return what;
    const band = this.state.source.bands.find((b) => b.name === what.bands[0]);
    return { ...what, bands: [band.name], rpn: ["b0"], unit: band.unit, title: band.long_name || band.name };
  }

  all(ground) {
    const what = this.what();
    const series = this.state.pixels(ground).map((pin) => this.pixel(pin, what)).filter(Boolean);
    const area = this.area(ground, what);
    return { what, series: area ? [...series, area] : series };
  }

  pixel(pin, what) {
    const { source, stamps } = this.state;
    const [x, y] = [Math.floor(pin.x), Math.floor(pin.y)];
    if (x < 0 || y < 0 || x >= source.width || y >= source.height) return null;
    const columns = what.bands.map((b) => this.store.series(source.key, b, x, y));
    if (columns.some((c) => !c)) return this.ask({ pixel: [x, y] }, what, pin.color, "pixel");
    const values = stamps.map((_, t) => {
      const b = columns.map((c) => c[c.length === 1 ? 0 : t]);
      return b.some(Number.isNaN) ? NaN : evaluate(what.rpn, b);
    });
    return { name: "pixel", color: pin.color, stamps, values, hollow: this.store.cloudy(source.key, x, y) };
  }

  area(ground, what) {
    const rings = this.state.rings(ground);
    if (!rings.length) return null;
    const { source, stamps } = this.state;
    const points = rings.flat();
    const clamp = (v, most) => Math.min(most, Math.max(0, v));
    const x0 = clamp(Math.floor(Math.min(...points.map(([x]) => x))), source.width);
    const x1 = clamp(Math.ceil(Math.max(...points.map(([x]) => x))), source.width);
    const y0 = clamp(Math.floor(Math.min(...points.map(([, y]) => y))), source.height);
    const y1 = clamp(Math.ceil(Math.max(...points.map(([, y]) => y))), source.height);
    const [w, hgt] = [x1 - x0, y1 - y0];
    if (w <= 0 || hgt <= 0) return null;
    const planes = what.bands.map((b) => this.store.finest(source.key, b, x0, y0));
    const covers = planes.every((p) => p && p.x + w <= p.plane.width && p.y + hgt <= p.plane.height);
    if (!covers || w * hgt > MOST_PIXELS) return this.ask({ area: this.store.model.get("area") }, what, AREA_COLOR, "area");
    const inside = insideRings(rings, x0, y0, w, hgt);
    const mask = source.mask ? this.store.finest(source.key, "clouds", x0, y0) : null;
    const out = { name: "area (mean, one standard deviation)", color: AREA_COLOR, stamps, values: [], low: [], high: [], hollow: new Uint8Array(stamps.length) };
    stamps.forEach((_, t) => {
      const codes = planes.map((p) => this.store.backend.box(p.plane, p.plane.dates === 1 ? 0 : t, p.x, p.y, w, hgt));
      const cloud = mask ? this.clouds(mask, t, w, hgt) : null;
      const { mean, spread } = this.mean(codes, cloud, inside, what);
      out.values.push(mean);
      out.low.push(mean - spread);
      out.high.push(mean + spread);
    });
    return out;
  }

  clouds(mask, t, w, hgt) {
    const first = mask.x >> 3;
    const bytes = ((mask.x + w - 1) >> 3) - first + 1;
    const packed = this.store.backend.box(mask.plane, t, first, mask.y, bytes, hgt);
    return (i) => {
      const x = mask.x + (i % w);
      return (packed[Math.floor(i / w) * bytes + (x >> 3) - first] >> (7 - (x & 7))) & 1;
    };
  }

  mean(codes, cloud, inside, what) {
    const bands = what.bands.map((b) => this.store.band(this.state.source.key, b));
    let [n, sum, squares] = [0, 0, 0];
    for (let i = 0; i < inside.length; i++) {
      if (!inside[i] || cloud?.(i) || codes.some((c) => c[i] === 0)) continue;
      const v = evaluate(what.rpn, codes.map((c, k) => (c[i] - 1) * bands[k].scale + bands[k].offset));
      if (!Number.isFinite(v)) continue;
      n += 1;
      sum += v;
      squares += v * v;
    }
    const mean = n ? sum / n : NaN;
    return { mean, spread: n ? Math.sqrt(Math.max(0, squares / n - mean * mean)) : NaN };
  }

  ask(place, what, color, name) {
    const id = JSON.stringify([place, what.bands, what.rpn]);
    const answer = this.answers.get(id);
    if (!answer) {
      this.answers.set(id, { pending: true });
      this.store.model.send({ type: "series", id, ...place, bands: what.bands, rpn: what.rpn });
    }
    if (!answer || answer.pending) return null;
    const { values, hollow, low, high } = answer;
    const numbers = (list) => list?.map((v) => v ?? NaN);
    return { name, color, stamps: this.state.stamps, values: numbers(values), hollow, low: numbers(low), high: numbers(high) };
  }
}

// Which pixel centres lie inside: even-odd rule.
function insideRings(rings, x0, y0, w, hgt) {
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
  return out;
}
