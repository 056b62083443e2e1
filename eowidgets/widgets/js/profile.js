import { drawn } from "./sample.js";

// Values of the drawn cube along a line, at about one place per pixel.

const MOST_POINTS = 500;
const TONES = ["#d32f2f", "#2e7d32", "#1565c0"]; // of a mix of bands

// line: corners in pixels of the cube. Returns { points, channels, colors, what }, or null until pixels of it are loaded.
export function profile(store, state, line) {
  const points = along(line);
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const box = [Math.floor(Math.min(...xs)), Math.floor(Math.min(...ys)), Math.floor(Math.max(...xs)) + 1, Math.floor(Math.max(...ys)) + 1];
  const found = drawn(store, state.source, state.style, state.t, box);
  if (!found) return null;
  const hide = state.style.clouds === "hide";
  const value = (channel, [x, y]) => {
    const [i, j] = [Math.floor((x - found.x0) / found.stride), Math.floor((y - found.y0) / found.stride)];
    if (i < 0 || j < 0 || i >= found.width || j >= found.height) return NaN;
    const at = j * found.width + i;
    return hide && found.cloudy[at] ? NaN : channel[at];
  };
  const channels = found.channels.map((channel) => points.map((p) => value(channel, p)));
  return { points, channels, colors: channels.length > 1 ? TONES : ["#0072b2"], what: { ...found.what, name: channels.length > 1 ? found.what.title : found.what.name } };
}

// Places on a line at equal distances, its two ends included.
export function along(line) {
  const parts = line.slice(1).map(([x, y], i) => Math.hypot(x - line[i][0], y - line[i][1]));
  const total = parts.reduce((a, b) => a + b, 0);
  const n = Math.min(MOST_POINTS, Math.max(2, Math.ceil(total) + 1));
  const out = [];
  let [edge, before] = [0, 0];
  for (let k = 0; k < n; k++) {
    const at = (total * k) / (n - 1);
    while (edge < parts.length - 1 && at > before + parts[edge]) before += parts[edge++];
    const u = parts[edge] ? Math.min(1, (at - before) / parts[edge]) : 0;
    const [[ax, ay], [bx, by]] = [line[edge], line[edge + 1]];
    out.push([ax + (bx - ax) * u, ay + (by - ay) * u]);
  }
  return out;
}
