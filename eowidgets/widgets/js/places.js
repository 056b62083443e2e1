import { button, h, safeColor } from "./dom.js";
import { AREA_COLOR, COLORS, MOST_PLACES } from "./state.js";

// Pins and areas: adding them, their colours, and the chips that remove them.

export class Places {
  constructor(picture, onproblem) {
    this.picture = picture;
    this.state = picture.state;
    this.onproblem = onproblem;
    this.chips = h("div", { class: "eow-chips" });
    this.all = button("Clear pins and areas", "✕", () => this.clear());
    this.element = h("div", { class: "eow-places", role: "group", "aria-label": "Pins and areas" }, this.chips, this.all);
  }

  get model() {
    return this.state.model;
  }

  // An unused colour.
  color() {
    const used = [...this.model.get("pins"), ...this.model.get("polygons")].map((p) => p.color);
    return COLORS.find((c) => !used.includes(c)) ?? COLORS[used.length % COLORS.length];
  }

  // A click on a pin removes it, a click elsewhere sets one on the pixel.
  pin(x, y, reach = 0) {
    const { source } = this.state;
    const { ground } = this.picture;
    if (x < 0 || y < 0 || x >= source.width || y >= source.height) return;
    const pins = this.model.get("pins");
    const here = this.state.pixels(ground).findIndex((p) => Math.hypot(p.x - x, p.y - y) < reach || (Math.floor(p.x) === Math.floor(x) && Math.floor(p.y) === Math.floor(y)));
    if (here >= 0) return this.state.now("pins", pins.toSpliced(here, 1));
    const [px, py] = [Math.floor(x) + 0.5, Math.floor(y) + 0.5];
    const degrees = ground.toLonLat(px, py);
    const place = degrees ? { lon: degrees[0], lat: degrees[1] } : { x: px, y: py };
    this.state.now("pins", [...pins, { ...place, color: this.color() }].slice(-MOST_PLACES));
  }

  // Whether a shape drawn here has a place on the ground; shows a message otherwise.
  grounded() {
    if (!this.picture.ground.known) this.onproblem("This cube has no CRS, so areas cannot be drawn on it: set one with cube.rio.write_crs.");
    return this.picture.ground.known;
  }

  // The newest shape is the area that panels use; the previous one stays in the chart.
  area(corners) {
    const { ground } = this.picture;
    if (!this.grounded()) return;
    if (flat(corners)) return this.onproblem("All corners lie on one line, so there is no area between them: draw it again.");
    const ring = ground.toRing(corners);
    const before = this.model.get("area");
    const polygons = this.model.get("polygons");
    const kept = before ? [...polygons, { geometry: before, color: this.color(), name: "polygon" }].slice(-MOST_PLACES) : polygons;
    this.model.set({ polygons: kept, area: { type: "Polygon", coordinates: [ring] } });
    this.model.save_changes();
  }

  clear() {
    this.model.set({ pins: [], polygons: [], area: null, selection: [] });
    this.model.save_changes();
  }

  update() {
    const without = (name, i) => () => this.state.now(name, this.model.get(name).toSpliced(i, 1));
    const pins = this.model.get("pins").map((pin, i) => chip(`Remove the pin ${pin.name ? `${pin.name} ` : ""}at ${where(pin)}`, pin.color, "pin", without("pins", i)));
    const polygons = this.model.get("polygons").map((p, i) => chip(`Remove ${p.name}`, p.color, "polygon", without("polygons", i)));
    const area = this.model.get("area") ? [chip("Remove the area", AREA_COLOR, "polygon", () => this.state.now("area", null))] : [];
    this.all.hidden = !(pins.length + polygons.length + area.length || this.model.get("selection").length);
    this.chips.replaceChildren(...pins, ...polygons, ...area);
  }
}

const chip = (label, color, kind, onclick) => button(label, "✕", onclick, { class: `eow-chip eow-chip-${kind}`, style: `background:${safeColor(color)}` });

const where = ({ lon, lat, x, y }) =>
  lon === undefined ? `column ${Math.floor(x)}, row ${Math.floor(y)}` : `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? "S" : "N"}, ${Math.abs(lon).toFixed(5)}° ${lon < 0 ? "W" : "E"}`;

// Whether no three corners span a triangle, in pixels of the cube.
const flat = ([[x0, y0], ...rest]) => rest.slice(1).every(([x, y], i) => Math.abs((rest[i][0] - x0) * (y - y0) - (x - x0) * (rest[i][1] - y0)) < 1e-6);
