import { digits, h, OWN_KEYS } from "./dom.js";
import { limits, lut, subject } from "./passes.js";
import { Popover } from "./popover.js";
import { drawn, quantile } from "./sample.js";

// Mapping of values to colours: a histogram of the view with the two limits, and the colour bar, both editable.

const [CHART_WIDE, CHART_HIGH] = [280, 84];
const BINS = 56;
const CHANNELS = ["#d32f2f", "#2e7d32", "#1565c0"];

export class StretchPanel {
  // picture: set by the view, which creates it later.
  constructor(state, store) {
    Object.assign(this, { state, store, picture: null });
    this.chart = h("svg", { class: "eow-histogram", viewBox: `0 0 ${CHART_WIDE} ${CHART_HIGH + 14}`, role: "img" });
    this.note = h("div", { class: "eow-faint", role: "status" });
    this.clear = h("input", { type: "checkbox", checked: true, ...OWN_KEYS, onchange: () => this.update() });
    this.clearLabel = h("label", {}, this.clear, "without clouds");
    const act = (text, f, title) => h("button", { type: "button", class: "eow-button", title, ...OWN_KEYS, onclick: f }, text);
    this.low = this.number("Low limit", "vmin");
    this.high = this.number("High limit", "vmax");
    this.ramp = h("canvas", { width: 256, height: 1, class: "eow-ramp" });
    this.centre = h("input", { type: "number", step: "any", class: "eow-number", "aria-label": "Centre the colours at", placeholder: "0", ...OWN_KEYS });
    this.centre.addEventListener("keydown", (event) => event.key === "Enter" && this.centred());
    this.reverse = act("Reverse", () => this.reversed(), "Reverse the colour map");
    this.colours = h("div", { class: "eow-pop-row" }, this.reverse, h("label", {}, "Centre at", this.centre), act("Centre", () => this.centred(), "Set limits at the same distance from the centre"));
    const row = (...nodes) => h("div", { class: "eow-pop-row" }, ...nodes);
    this.popover = new Popover("Histogram and colour bar", bars(), [
      this.chart, this.note,
      row(act("Stretch to this view", () => this.fit(), "From the 2nd to the 98th percentile of the pixels in view"), act("Automatic", () => this.set(null, null), "From the 2nd to the 98th percentile of all dates"), this.clearLabel),
      row(this.low, this.ramp, this.high), this.colours,
    ], { onopen: () => this.update(), class: "eow-button eow-histogram-button" });
    this.chart.addEventListener("pointerdown", (event) => this.drag(event));
  }

  number(label, trait) {
    const node = h("input", { type: "number", step: "any", class: "eow-number", "aria-label": label, title: `${label} (empty: automatic)`, ...OWN_KEYS });
    node.addEventListener("change", () => this.state.now(trait, node.value === "" ? null : Number(node.value)));
    return node;
  }

  // The part of the raster that is in view.
  box() {
    const { view, canvas } = this.picture;
    return [view.x, view.y, view.x + canvas.width * view.step, view.y + canvas.height * view.step];
  }

  // Sorted values of each channel in view.
  values() {
    const { state } = this;
    const found = drawn(this.store, state.source, state.style, state.t, this.box());
    const keep = (channel) => channel.filter((v, i) => Number.isFinite(v) && !(this.clear.checked && found.cloudy[i])).sort();
    return found ? found.channels.map(keep) : [];
  }

  get limits() {
    const what = subject(this.state.source, this.state.style);
    if (!what.q || what.kind === "class") return null;
    const { low, high } = limits(this.state.style, what.q, false);
    return [Math.min(...low), Math.max(...high)];
  }

  set(low, high) {
    this.state.model.set({ vmin: low, vmax: high });
    this.state.model.save_changes();
  }

  fit() {
    const channels = this.values().filter((v) => v.length);
    if (!channels.length) return;
    const low = Math.min(...channels.map((v) => quantile(v, 0.02)));
    const high = Math.max(...channels.map((v) => quantile(v, 0.98)));
    this.set(rounded(low, high - low), rounded(high, high - low));
  }

  centred() {
    const at = Number(this.centre.value || 0);
    const [low, high] = this.limits;
    const half = Math.max(Math.abs(low - at), Math.abs(high - at));
    this.set(rounded(at - half, half), rounded(at + half, half));
  }

  reversed() {
    const { cmap } = this.state.style;
    this.state.now("cmap", cmap.endsWith("_r") ? cmap.slice(0, -2) : `${cmap}_r`);
  }

  refresh() {
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      this.update();
    });
  }

  close() {
    cancelAnimationFrame(this.pending);
    this.popover.close();
  }

  // Drawn only while it is open: the values have to be read back from the GPU.
  update() {
    const { state } = this;
    const what = subject(state.source, state.style);
    this.popover.element.hidden = what.kind === "class";
    const now = this.limits;
    if (!now || !this.popover.isOpen) return;
    this.clearLabel.hidden = !state.source.mask;
    this.colours.hidden = this.ramp.hidden = what.kind !== "value";
    this.reverse.setAttribute("aria-pressed", state.style.cmap.endsWith("_r"));
    for (const [node, value, auto] of [[this.low, state.style.vmin, now[0]], [this.high, state.style.vmax, now[1]]]) {
      if (!node.matches(":focus")) node.value = value ?? "";
      node.placeholder = digits(auto);
    }
    this.ramp.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(lut(state.model.get("head"), state.style.cmap)), 256, 1), 0, 0);
    this.draw(this.values(), now, what);
  }

  draw(channels, now, what) {
    const some = channels.filter((v) => v.length);
    this.note.textContent = some.length ? "" : "No clear pixel is in view on this date.";
    const reach = some.map((v) => [quantile(v, 0.001), quantile(v, 0.999)]);
    const low = Math.min(now[0], ...reach.map(([a]) => a));
    const high = Math.max(now[1], ...reach.map(([, b]) => b));
    this.scale = { low, span: high - low || 1 };
    const x = (v) => ((v - low) / this.scale.span) * CHART_WIDE;
    const counts = some.map((v) => histogram(v, low, this.scale.span));
    const most = Math.max(1, ...counts.flat());
    const area = (c) => `M0 ${CHART_HIGH}${c.map((n, i) => `L${(i * CHART_WIDE) / BINS} ${CHART_HIGH - (n / most) * (CHART_HIGH - 4)}H${((i + 1) * CHART_WIDE) / BINS}`).join("")}V${CHART_HIGH}Z`;
    const text = (v, anchor) => h("text", { x: Math.min(CHART_WIDE, Math.max(0, x(v))), y: CHART_HIGH + 12, class: "eow-tick-text", "text-anchor": anchor }, digits(v));
    this.chart.replaceChildren(
      ...counts.map((c, i) => h("path", { d: area(c), class: "eow-histogram-bars", style: counts.length > 1 ? `fill:${CHANNELS[i]}` : "" })),
      ...now.map((v) => h("line", { x1: x(v), x2: x(v), y1: 0, y2: CHART_HIGH, class: "eow-histogram-limit" })),
      text(now[0], x(now[0]) > CHART_WIDE / 2 ? "end" : "start"), text(now[1], x(now[1]) > CHART_WIDE / 2 ? "end" : "start"),
    );
    this.chart.setAttribute("aria-label", `Histogram of ${what.title} in view, from ${digits(low)} to ${digits(high)}; limits ${digits(now[0])} and ${digits(now[1])}`);
  }

  // The limit that is nearer to the pointer follows it.
  drag(event) {
    if (event.button !== 0 || !this.scale) return;
    event.preventDefault();
    const box = this.chart.getBoundingClientRect();
    const value = (e) => this.scale.low + Math.min(1, Math.max(0, (e.clientX - box.left) / box.width)) * this.scale.span;
    const [low, high] = this.limits;
    const at = value(event);
    const first = Math.abs(at - low) < Math.abs(at - high);
    const scale = this.scale;
    const move = (e) => {
      this.scale = scale; // does not move under the pointer
      const v = rounded(value(e), scale.span);
      if (first ? v < high : v > low) this.state.later(first ? "vmin" : "vmax", v);
    };
    const up = () => {
      window.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) window.removeEventListener(name, up);
    };
    window.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, up);
  }
}

export function histogram(values, low, span, bins = BINS) {
  const out = new Array(bins).fill(0);
  for (const v of values) {
    const i = Math.floor(((v - low) / span) * bins);
    if (i >= 0 && i <= bins) out[Math.min(bins - 1, i)] += 1;
  }
  return out;
}

// Rounded to a thousandth of the span, so that displayed and sent values have few digits.
const rounded = (value, span) => {
  const step = 10 ** Math.floor(Math.log10(Math.abs(span) / 1000 || 1e-9));
  return Number((Math.round(value / step) * step).toPrecision(8));
};

const bars = () => h("svg", { viewBox: "0 0 16 16", width: 14, height: 14, class: "eow-icon", "aria-hidden": "true" }, h("path", { d: "M2 14V10M5 14V6M8 14V2M11 14V7M14 14V11" }));
