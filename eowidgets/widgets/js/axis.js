import { h, OWN_KEYS, safeColor } from "./dom.js";

// The time axis: a dot per date at its true place, a bar for its cloud cover, a diamond per event. A drag moves the
// date; on the narrow strip above it, a drag chooses a range whose median is shown.

// Equal to the margins of the chart below, so that a date is above its value.
const LEFT = 46;
const RIGHT = 14;
const STRIP = 12;
const HEIGHT = 64;

export class Axis {
  // thumbs: shows a small picture of a date that the pointer is over.
  constructor(state, thumbs = null) {
    Object.assign(this, { state, thumbs });
    this.marks = h("svg", { class: "eow-axis-marks" });
    this.cursor = h("svg", { class: "eow-axis-cursor" });
    this.element = h("div", {
      class: "eow-axis", tabindex: 0, role: "slider", "aria-label": "Date", "aria-orientation": "horizontal", ...OWN_KEYS,
      "aria-description": "Arrow keys step through the dates; with shift they choose a range, whose median is shown. Escape goes back to one date.",
    }, this.marks, this.cursor, ...(thumbs ? [thumbs.element] : []));
    this.element.addEventListener("pointerdown", (event) => this.press(event));
    this.element.addEventListener("pointermove", (event) => this.hover(event));
    this.element.addEventListener("pointerleave", () => thumbs?.show(null));
    this.element.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by || !event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.state.extend(by);
    });
    this.resizer = new ResizeObserver(() => this.layout());
    this.resizer.observe(this.element);
  }

  close() {
    this.resizer.disconnect();
    cancelAnimationFrame(this.pending);
  }

  // The cloud cover of a lazy cube comes with its coarse pictures, date by date.
  recover() {
    if (this.covers === this.state.store.covers) return;
    this.covers = this.state.store.covers;
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      this.layout();
    });
  }

  // Horizontal position of each date, in pixels; a single date is in the middle.
  layout() {
    const width = this.element.clientWidth;
    if (!width) return;
    this.width = width;
    const stamps = this.state.stamps;
    const [first, last] = [stamps[0], stamps.at(-1)];
    const span = last - first;
    this.at = (stamp) => (span > 0 ? LEFT + ((stamp - first) / span) * (width - LEFT - RIGHT) : (width + LEFT - RIGHT) / 2);
    this.places = stamps.map(this.at);
    this.drawMarks(first, span);
    this.update();
  }

  drawMarks(first, span) {
    const { source, events } = this.state;
    const parts = [h("line", { x1: LEFT, x2: this.width - RIGHT, y1: 30, y2: 30, class: "eow-rail" })];
    for (const [stamp, text, major] of ticks(first, span, this.width)) {
      const x = this.at(stamp);
      parts.push(h("line", { x1: x, x2: x, y1: 30, y2: major ? 46 : 40, class: "eow-tick" }));
      if (text && x + 34 < this.width) parts.push(h("text", { x: x + 3, y: 46, class: "eow-tick-text" }, text));
    }
    this.places.forEach((x, i) => {
      const cover = source.cover[i];
      if (cover > 0) parts.push(h("rect", { x: x - 1.5, width: 3, y: 62 - 12 * cover, height: 12 * cover, class: "eow-cover" }));
      const hollow = cover !== null && cover > 0.5;
      parts.push(h("circle", { cx: x, cy: 30, r: 3.5, "data-cover": cover, class: hollow ? "eow-dot eow-hollow" : "eow-dot" }));
    });
    for (const event of events) {
      const x = this.at(Date.parse(event.date));
      if (!(x >= 0 && x <= this.width)) continue;
      parts.push(h("path", { d: `M${x} 14l5 5l-5 5l-5 -5Z`, class: "eow-event", style: event.color ? `fill:${safeColor(event.color)}` : "" }, h("title", {}, `${event.date} ${event.label ?? ""}`)));
    }
    this.marks.replaceChildren(...parts);
  }

  // Only the cursor moves when the date changes.
  update() {
    if (!this.places) return;
    const { t, selection } = this.state;
    const x = this.places[t];
    const parts = [];
    const range = this.brushing ?? (selection && selection.map((i) => this.places[i]));
    if (range) {
      const [a, b] = [Math.min(...range), Math.max(...range)];
      parts.push(h("rect", { x: a - 4, width: b - a + 8, y: 2, height: 34, rx: 3, class: "eow-brush" }));
    }
    parts.push(h("line", { x1: x, x2: x, y1: STRIP, y2: 48, class: "eow-cursor" }), h("circle", { cx: x, cy: 30, r: 6, class: "eow-knob" }));
    this.cursor.replaceChildren(...parts);
    const { element } = this;
    element.setAttribute("aria-valuemin", 0);
    element.setAttribute("aria-valuemax", this.places.length - 1);
    element.setAttribute("aria-valuenow", t);
    element.setAttribute("aria-valuetext", this.state.label(t));
  }

  // Dates are in order: halve the range that holds the place.
  nearest(x) {
    let [low, high] = [0, this.places.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.places[middle] <= x) low = middle;
      else high = middle;
    }
    return Math.abs(this.places[high] - x) < Math.abs(this.places[low] - x) ? high : low;
  }

  // A finger or a pressed button moves the date itself: the picture shows it.
  hover(event) {
    if (!this.places || event.pointerType === "touch" || event.buttons) return this.thumbs?.show(null);
    const box = this.element.getBoundingClientRect();
    const t = this.nearest(event.clientX - box.left);
    return this.thumbs?.show(t, this.places[t], this.width, event.clientY - box.top < STRIP + 4);
  }

  press(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.element.focus({ preventScroll: true });
    const box = this.element.getBoundingClientRect();
    const x = (e) => e.clientX - box.left;
    const brush = event.clientY - box.top < STRIP + 4 || event.shiftKey;
    const start = x(event);
    const move = (e) => {
      if (e.pointerId !== event.pointerId) return;
      if (brush) {
        this.brushing = [start, x(e)];
        this.update();
      } else this.state.go(this.nearest(x(e)));
    };
    const up = (e) => {
      if (e.pointerId !== event.pointerId) return;
      window.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) window.removeEventListener(name, up);
      this.brushing = null;
      if (brush) {
        const [a, b] = [this.nearest(Math.min(start, x(e))), this.nearest(Math.max(start, x(e)))];
        this.state.select(Math.abs(x(e) - start) > 4 && b > a ? [a, b] : null);
      }
      this.update();
    };
    window.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, up);
    if (!brush) move(event);
  }
}

// Round dates for a span: years, else months, else days. [stamp, text, major]
function ticks(first, span, width) {
  const out = [];
  const days = span / 86_400_000;
  const start = new Date(first);
  const year = start.getUTCFullYear();
  const months = days < 900;
  if (days < 1) return out;
  const every = months ? Math.max(1, Math.ceil((days / 30.4 / (width / 60)))) : 12 * Math.max(1, Math.ceil(days / 365 / (width / 50)));
  for (let m = 0; m < 12 * (days / 365 + 2); m += every) {
    const stamp = Date.UTC(year, m, 1);
    if (stamp < first || stamp > first + span) continue;
    const date = new Date(stamp).toISOString();
    out.push([stamp, months ? date.slice(0, 7) : date.slice(0, 4), true]);
  }
  return out;
}
