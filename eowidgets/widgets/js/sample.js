import { evaluate } from "./cpu.js";
import { subject } from "./passes.js";

// Values of a part of the raster on one date, from the finest pixels in the browser whose number can be read at once.

const AT_MOST = 262_144; // pixels

// box: [x0, y0, x1, y1] in pixels of the cube. Gives { values: [array per band], cloudy, x0, y0, width, height, stride } or
// null without loaded pixels.
export function patch(store, source, bands, t, [x0, y0, x1, y1], most = AT_MOST) {
  const parts = store.windows(source.key, bands[0], t).filter((w) => store.has(source.key, bands, w, t)).map((window) => {
    const [a, b, c, d, stride] = window.split(",").map(Number);
    const first = (at, from) => Math.max(0, Math.floor((at - from) / stride));
    const [x, y] = [first(x0, a), first(y0, b)];
    const width = Math.min(Math.ceil((c - a) / stride), Math.ceil((x1 - a) / stride)) - x;
    const height = Math.min(Math.ceil((d - b) / stride), Math.ceil((y1 - b) / stride)) - y;
    return { window, x, y, width, height, stride, x0: a + x * stride, y0: b + y * stride };
  }).filter((p) => p.width > 0 && p.height > 0);
  const whole = parts.filter((p) => p.x0 <= Math.max(0, x0) && p.y0 <= Math.max(0, y0) && p.x0 + p.width * p.stride >= Math.min(source.width, x1) && p.y0 + p.height * p.stride >= Math.min(source.height, y1));
  const part = whole.find((p) => p.width * p.height <= most) ?? whole.at(-1);
  if (!part || part.width * part.height > 16 * most) return null;
  const values = bands.map((name) => decoded(store, source, name, part, t));
  return { ...part, values, cloudy: clouds(store, source, part, t) };
}

function decoded(store, source, name, { window, x, y, width, height }, t) {
  const plane = store.plane(source.key, name, window, t);
  const { scale, offset } = store.band(source.key, name);
  const codes = store.backend.box(plane, plane.dates === 1 ? 0 : t, x, y, width, height);
  return Float32Array.from(codes, (c) => (c === 0 ? NaN : (c - 1) * scale + offset));
}

function clouds(store, source, { window, x, y, width, height }, t) {
  const out = new Uint8Array(width * height);
  const mask = source.mask ? store.plane(source.key, "clouds", window, t) : null;
  if (!mask) return out;
  const left = x >> 3;
  const bytes = ((x + width - 1) >> 3) - left + 1;
  const packed = store.backend.box(mask, mask.dates === 1 ? 0 : t, left, y, bytes, height);
  for (let row = 0; row < height; row++) {
    for (let i = 0; i < width; i++) out[row * width + i] = (packed[row * bytes + ((x + i) >> 3) - left] >> (7 - ((x + i) & 7))) & 1;
  }
  return out;
}

// Values of the picture there: a list of values per channel (one, or three of a mix of bands), NaN where nothing was measured.
export function drawn(store, source, style, t, box) {
  const what = subject(source, style);
  const found = patch(store, source, what.bands, t, box);
  if (!found) return null;
  if (what.kind === "rgb") return { ...found, what, channels: found.values };
  const b = new Array(what.bands.length);
  const channel = Float32Array.from(found.values[0], (_, i) => {
    for (let k = 0; k < b.length; k++) b[k] = found.values[k][i];
    return b.some(Number.isNaN) ? NaN : evaluate(what.rpn, b);
  });
  return { ...found, what, channels: [channel] };
}

// Values at parts of a sorted list.
export const quantile = (sorted, q) => sorted[Math.round(q * (sorted.length - 1))];
