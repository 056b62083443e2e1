import { button, digits, h, safeColor } from "./dom.js";
import { geodesic, ringArea } from "./geodesic.js";
import { Polygon } from "./polygon.js";
import { profile } from "./profile.js";

// A line on the picture: its length, the area within it, and the values along it as a small chart.

const EDGE_PIECES = 24; // of an edge whose area is measured: it is straight in the picture, not on the globe

export class Measure {
  constructor(state, store, picture) {
    Object.assign(this, { state, store, picture });
    this.tool = new Polygon((p) => picture.toScreen(p), {
      least: 2, ondone: (corners) => this.keep(corners), onchange: () => (picture.drawn(), this.update()),
      words: "Click along the line. A double-click or Enter twice finishes; Escape cancels.",
    });
    this.numbers = h("div", { class: "eow-measure-numbers", role: "status" });
    this.chart = h("div", {});
    const close = button("Remove the line", "✕", () => this.keep([]), { class: "eow-button eow-fold" });
    this.element = h("div", { class: "eow-float eow-measure", role: "group", "aria-label": "Measured line", hidden: true }, close, this.numbers, this.chart);
    for (const name of ["pointerdown", "dblclick", "wheel"]) this.element.addEventListener(name, (event) => event.stopPropagation());
    picture.measure = this;
  }

  close() {
    cancelAnimationFrame(this.pending);
  }

  // The line in pixels of the cube: the one being drawn, else the one that the trait has in degrees.
  get line() {
    const { corners, pointer } = this.tool;
    if (corners) return pointer && corners.length ? [...corners, pointer] : corners;
    const { ground } = this.picture;
    const kept = this.state.model.get("transect");
    return ground.known ? kept.map(([lon, lat]) => ground.fromLonLat(lon, lat)).filter(Boolean) : kept;
  }

  keep(corners) {
    this.pointed = null;
    const { ground } = this.picture;
    this.state.now("transect", ground.known ? corners.map(([x, y]) => ground.toLonLat(x, y)) : corners);
  }

  // "1.23 km", or pixels if the raster has no CRS.
  length(line) {
    const { ground } = this.picture;
    const part = (a, b) => (ground.known ? geodesic(ground.toLonLat(...a), ground.toLonLat(...b)) : Math.hypot(a[0] - b[0], a[1] - b[1]));
    return line.slice(1).reduce((sum, b, i) => sum + part(line[i], b), 0);
  }

  area(line) {
    const { ground } = this.picture;
    const closed = [...line, line[0]];
    const fine = line.flatMap(([ax, ay], i) => Array.from({ length: EDGE_PIECES }, (_, k) => [ax + ((closed[i + 1][0] - ax) * k) / EDGE_PIECES, ay + ((closed[i + 1][1] - ay) * k) / EDGE_PIECES]));
    if (ground.known) return ringArea(ground.toRing(fine));
    return Math.abs(closed.slice(1).reduce((sum, [x, y], i) => sum + closed[i][0] * y - x * closed[i][1], 0)) / 2;
  }

  refresh() {
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      this.update();
    });
  }

  update() {
    const { line } = this;
    this.element.hidden = line.length < 2;
    this.at = null;
    if (line.length < 2) return;
    const metric = this.picture.ground.known;
    const total = this.length(line);
    const rows = [["Length", metric ? metres(total) : `${digits(total)} px`]];
    if (line.length > 2) rows.push(["Area, closed", metric ? hectares(this.area(line)) : `${digits(this.area(line))} px²`]);
    this.numbers.replaceChildren(...rows.map(([name, text]) => h("span", {}, `${name} `, h("b", {}, text))));
    if (this.tool.on) return this.chart.replaceChildren();
    const found = profile(this.store, this.state, line);
    return this.chart.replaceChildren(...(found ? this.plot(found, metric ? metres(total) : `${digits(total)} px`) : []));
  }

  plot({ points, channels, colors, what }, end) {
    const [w, hgt] = [250, 70];
    const all = channels.flatMap((c) => c.filter(Number.isFinite));
    if (!all.length) return [h("div", { class: "eow-faint" }, "There is no measurement along the line on this date.")];
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const y = (v) => 4 + (1 - (v - low) / (high - low || 1)) * (hgt - 8);
    const x = (i) => (i / Math.max(1, points.length - 1)) * w;
    const path = (c) => c.map((v, i) => (Number.isFinite(v) ? `${Number.isFinite(c[i - 1]) ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}` : "")).join("");
    const mark = h("line", { y1: 0, y2: hgt, class: "eow-cursor", visibility: "hidden" });
    const value = h("span", {});
    const names = `${what.name}${what.unit ? ` (${what.unit})` : ""}, ${this.state.label(this.state.t)}`;
    const svg = h("svg", { viewBox: `0 0 ${w} ${hgt}`, class: "eow-profile", role: "img", "aria-label": `${names}: from ${digits(low)} to ${digits(high)} along the line` },
      ...channels.map((c, i) => h("path", { d: path(c), class: "eow-line", style: `stroke:${safeColor(colors[i])}` })), mark);
    // The place under the pointer in the chart is marked on the picture.
    const point = (i) => {
      this.pointed = i;
      this.at = i === null ? null : points[i];
      mark.setAttribute("visibility", i === null ? "hidden" : "visible");
      if (i !== null) for (const end of ["x1", "x2"]) mark.setAttribute(end, x(i));
      value.textContent = i === null ? "" : channels.map((c) => digits(c[i])).join("  ");
      this.picture.decorate();
    };
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      point(Math.round(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * (points.length - 1)));
    });
    svg.addEventListener("pointerleave", () => point(null));
    if (this.pointed < points.length && this.pointed !== null) point(this.pointed); // the chart was redrawn under the pointer
    return [
      h("div", { class: "eow-profile-head" }, h("span", {}, names), value),
      h("div", { class: "eow-profile-body" }, h("div", { class: "eow-profile-limits" }, h("span", {}, digits(high)), h("span", {}, digits(low))), svg),
      h("div", { class: "eow-profile-head eow-faint" }, h("span", {}, "0"), h("span", {}, end)),
    ];
  }
}

export const metres = (length) => (length >= 1000 ? `${digits(length / 1000)} km` : `${digits(length)} m`);
export const hectares = (area) => (area >= 1e8 ? `${digits(area / 1e6)} km²` : `${digits(area / 1e4)} ha`);
