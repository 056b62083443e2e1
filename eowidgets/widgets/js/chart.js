import { digits, h, safeColor } from "./dom.js";

// Series along time: a line through clear dates, cloudy dates hollow, a band of one standard deviation for an area, a fan for a
// forecast. Pointing at the chart moves the date.

const EMPTY = "Click the picture to see a pixel through time; shift and drag, or draw a polygon, for an area.";
const MARGIN = { left: 46, right: 14, top: 10, bottom: 20 };

export class Chart {
  // onmove(stamp): the pointer is at this time, null when it has left.
  constructor({ onmove }) {
    this.onmove = onmove;
    this.svg = h("svg", { class: "eow-chart-svg", role: "img", "aria-label": "Series" });
    this.empty = h("div", { class: "eow-chart-empty" }, EMPTY);
    this.read = h("div", { class: "eow-float eow-chart-read", hidden: true, "aria-hidden": "true" });
    this.element = h("div", { class: "eow-chart" }, this.svg, this.empty, this.read);
    this.series = [];
    this.resizer = new ResizeObserver(() => this.draw());
    this.resizer.observe(this.element);
    this.element.addEventListener("pointermove", (event) => {
      if (!this.back) return;
      const box = this.svg.getBoundingClientRect();
      const stamp = this.back(event.clientX - box.left);
      this.onmove(stamp);
      this.point(stamp, event.clientX - box.left);
    });
    this.element.addEventListener("pointerleave", () => {
      this.read.hidden = true;
      this.onmove(null);
    });
  }

  close() {
    this.resizer.disconnect();
  }

  // series: [{ name, color, stamps, values, hollow, low?, high?, fan? }]; low and high are one standard deviation around an area, a fan
  // holds intervals of a forecast, the widest first: [{ low, high }]. marks: [{ stamp, label }], upright lines.
  // span: first and last stamp of the time axis above.
  show(series, { title = "", unit = "", marks = [], empty = "", span = [] } = {}) {
    this.empty.textContent = empty || EMPTY;
    Object.assign(this, { series, title, unit, marks, span });
    this.draw();
  }

  // Date, and the value of each series at its own date nearest to the pointer.
  point(stamp, x) {
    const rows = this.series.map((s) => {
      let best = -1;
      s.stamps.forEach((t, i) => {
        if (Number.isFinite(s.values[i]) && (best < 0 || Math.abs(t - stamp) < Math.abs(s.stamps[best] - stamp))) best = i;
      });
      if (best < 0) return null;
      const value = `${digits(s.values[best])}${this.unit ? ` ${this.unit}` : ""}`;
      const half = s.low && !s.fan ? ` ± ${digits(s.high[best] - s.values[best])}` : "";
      return h("div", {}, h("i", { style: `background:${safeColor(s.color)}` }), `${iso(s.stamps[best])} `, h("b", {}, value + half), s.hollow?.[best] ? " cloud" : "");
    });
    this.read.replaceChildren(...rows.filter(Boolean));
    this.read.hidden = !this.read.childElementCount;
    const right = x > this.element.clientWidth / 2;
    this.read.style.left = right ? "" : `${x + 14}px`;
    this.read.style.right = right ? `${this.element.clientWidth - x + 14}px` : "";
  }

  cursor(stamp) {
    this.stamp = stamp;
    if (this.x && this.line) {
      const x = this.x(stamp);
      this.line.setAttribute("x1", x);
      this.line.setAttribute("x2", x);
    }
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const some = this.series.some((s) => s.values.some(Number.isFinite));
    this.empty.hidden = some;
    if (!width || !height || !some) {
      this.svg.replaceChildren();
      this.back = null;
      return;
    }
    const stamps = [...this.series.flatMap((s) => s.stamps), ...(this.span ?? [])];
    const shown = this.series.flatMap((s) => [...s.values, ...scaling(s).flatMap((b) => [...b.low, ...b.high])]).filter(Number.isFinite);
    const [t0, t1] = [Math.min(...stamps), Math.max(...stamps)];
    let [v0, v1] = range(shown);
    const pad = (v1 - v0 || Math.abs(v1) || 1) * 0.06;
    [v0, v1] = [v0 - pad, v1 + pad];
    const inner = { w: width - MARGIN.left - MARGIN.right, h: height - MARGIN.top - MARGIN.bottom };
    this.x = (t) => MARGIN.left + (t1 > t0 ? (t - t0) / (t1 - t0) : 0.5) * inner.w;
    this.back = (x) => t0 + ((x - MARGIN.left) / inner.w) * (t1 - t0);
    const y = (v) => MARGIN.top + (1 - (Math.min(v1, Math.max(v0, v)) - v0) / (v1 - v0)) * inner.h;
    const parts = [];
    for (const v of rounds(v0, v1)) {
      parts.push(h("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(v), y2: y(v), class: "eow-grid" }));
      parts.push(h("text", { x: MARGIN.left - 6, y: y(v) + 4, class: "eow-tick-text", "text-anchor": "end" }, digits(v)));
    }
    for (const s of this.series) parts.push(...this.curve(s, y));
    for (const { stamp, label } of this.marks ?? []) {
      if (stamp < t0 || stamp > t1) continue;
      const x = this.x(stamp);
      parts.push(h("line", { x1: x, x2: x, y1: MARGIN.top, y2: height - MARGIN.bottom, class: "eow-mark" }));
      parts.push(h("text", { x: x + 4, y: MARGIN.top + 10, class: "eow-tick-text" }, label));
    }
    parts.push(h("text", { x: MARGIN.left, y: height - 4, class: "eow-tick-text" }, iso(t0)));
    parts.push(h("text", { x: width - MARGIN.right, y: height - 4, class: "eow-tick-text", "text-anchor": "end" }, iso(t1)));
    const [label, room] = [[this.title, this.unit && `(${this.unit})`].filter(Boolean).join(" "), Math.floor(inner.h / 6)];
    const middle = MARGIN.top + inner.h / 2;
    parts.push(h("text", { x: 11, y: middle, transform: `rotate(-90 11 ${middle})`, class: "eow-tick-text eow-axis-label", "text-anchor": "middle" }, label.length > room ? `${label.slice(0, room - 1)}…` : label));
    this.line = h("line", { y1: MARGIN.top, y2: height - MARGIN.bottom, class: "eow-cursor" });
    parts.push(this.line);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren(...parts);
    if (this.stamp !== undefined) this.cursor(this.stamp);
  }

  curve({ color, ...s }, y) {
    s.color = safeColor(color);
    const parts = [];
    const clear = s.stamps.map((t, i) => [t, i]).filter(([, i]) => Number.isFinite(s.values[i]) && !s.hollow?.[i]);
    for (const band of spreads(s)) {
      const up = clear.map(([t, i]) => `${this.x(t).toFixed(1)},${y(band.high[i]).toFixed(1)}`);
      const down = clear.map(([t, i]) => `${this.x(t).toFixed(1)},${y(band.low[i]).toFixed(1)}`).reverse();
      if (clear.length > 1) parts.push(h("polygon", { points: [...up, ...down].join(" "), fill: s.color, class: "eow-spread" }));
    }
    const points = clear.map(([t, i]) => `${this.x(t).toFixed(1)},${y(s.values[i]).toFixed(1)}`).join(" ");
    parts.push(h("polyline", { points, stroke: s.color, class: s.fan ? "eow-line eow-ahead" : "eow-line" }));
    s.stamps.forEach((t, i) => {
      if (!Number.isFinite(s.values[i])) return;
      const title = `${iso(t)}  ${digits(s.values[i])}${s.hollow?.[i] ? "  (cloud)" : ""}  ${s.name}`;
      const look = s.hollow?.[i] ? { fill: "none", stroke: s.color, "stroke-opacity": 0.6 } : { fill: s.color };
      parts.push(h("circle", { cx: this.x(t).toFixed(1), cy: y(s.values[i]).toFixed(1), r: s.fan ? 1.5 : 3, ...look }, h("title", {}, title)));
    });
    return parts;
  }
}

const spreads = (s) => s.fan ?? (s.low ? [{ low: s.low, high: s.high }] : []);

// The widest interval of a fan may be very wide; it is clipped, so that it does not flatten the curve.
const scaling = (s) => (s.fan?.length > 1 ? s.fan.slice(1) : spreads(s));

const iso = (stamp) => new Date(stamp).toISOString().slice(0, 10);

// From the 1st to the 99th percentile and a little: one cloud must not flatten the curve.
function range(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q) => sorted[Math.round(q * (sorted.length - 1))];
  return [at(0.01), at(0.99)];
}

function rounds(low, high) {
  const raw = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= raw);
  const out = [];
  for (let v = Math.ceil(low / step) * step; v <= high; v += step) out.push(Math.abs(v) < step * 1e-6 ? 0 : v);
  return out;
}
