import { digits, h } from "./dom.js";
import { gridOf, subject } from "./passes.js";
import { evaluate } from "./cpu.js";

// Readout under the pointer: place, bands, index and cloud of the picture, and the value, class and probability of
// each layer. Only what is in the browser at full resolution is shown.

const EXTRA = /prob|confidence|uncertain|std|score/i; // bands of a layer with its certainty
const USUAL = "NDVI"; // shown with a mix of bands

export class Readout {
  constructor(store, state, picture) {
    Object.assign(this, { store, state, picture });
    this.element = h("div", { class: "eow-float eow-read", hidden: true, "aria-hidden": "true" });
  }

  // at: a place in pixels of the cube; null where the pointer has left.
  show(at) {
    this.at = at;
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      this.write();
    });
  }

  close() {
    cancelAnimationFrame(this.pending);
  }

  write() {
    const { at, element, state } = this;
    element.hidden = !at;
    if (!at) return;
    const [x, y] = at;
    const parts = [h("span", {}, this.picture.ground.label(x, y))];
    const inside = x >= 0 && y >= 0 && x < state.source.width && y < state.source.height;
    if (inside) parts.push(...this.main(x, y), ...state.layers.filter((l) => l.visible).flatMap((layer) => this.layer(layer, x, y)));
    element.replaceChildren(...parts);
  }

  // Values of the cube at this place: of a difference both dates, of a swipe the half under the pointer.
  main(x, y) {
    const { compare, source, style, selection, t } = this.state;
    const cell = [Math.floor(x), Math.floor(y)];
    if (selection) return this.of(source, style, t, ...cell, "", selection);
    const other = compare.key && compare.key !== source.key ? this.store.source(compare.key) : null;
    const right = compare.mode === "swipe" && this.picture.toScreen([x, y])[0] > this.picture.element.clientWidth * compare.position;
    if (!right && compare.mode !== "difference") return this.of(source, style, t, ...cell);
    const name = other ? other.title || other.key : this.state.label(compare.t);
    const second = other ? this.beside(other, style, x, y, `${name}: `) : this.of(source, style, compare.t, ...cell, `${name}: `);
    if (right) return second;
    return [h("span", {}, `${this.state.label(t)}:`), ...this.of(source, style, t, ...cell), ...second];
  }

  layer(layer, x, y) {
    const source = this.store.source(layer.key);
    return source ? this.beside(source, { ...this.state.style, ...layer.style }, x, y, `${layer.key} `, true) : [];
  }

  // Values of another source on the same ground.
  beside(source, style, x, y, prefix, extra = false) {
    const [ax, ay, bx, by] = gridOf(this.store.sources[0], source);
    const [u, v] = [Math.floor(x * ax + bx), Math.floor(y * ay + by)];
    if (u < 0 || v < 0 || u >= source.width || v >= source.height) return [];
    const t = this.state.nearest(source.key, this.state.t);
    const own = this.of(source, style, t, u, v, prefix);
    return extra ? [...own, ...this.doubt(source, style, t, u, v, prefix)] : own;
  }

  // The certainty of a layer, if it has a band for it in addition to the one drawn.
  doubt(source, style, t, x, y, prefix) {
    const drawn = subject(source, style).bands;
    const bands = source.bands.filter((b) => EXTRA.test(b.name) && !drawn.includes(b.name)).slice(0, 2);
    const whole = `0,0,${source.width},${source.height},1`;
    return bands.flatMap((band) => {
      if (source.width * source.height <= 4_000_000) this.store.want(source.key, [band.name], whole, t);
      const value = this.value(source, band.name, t, x, y);
      return value === null || Number.isNaN(value) ? [] : [span(`${prefix}${band.long_name || band.name}`, digits(value), band.unit)];
    });
  }

  // The date or the style may change while the pointer rests.
  refresh() {
    if (this.at) this.show(this.at);
  }

  // Values of what is drawn of a source at one of its pixels, as spans. range: the dates whose median is drawn.
  of(source, style, t, x, y, prefix = "", range = null) {
    const what = subject(source, style);
    const read = (band) => (range ? this.median(source, band, range, x, y) : this.value(source, band, t, x, y));
    const values = what.bands.map(read);
    if (values.some((v) => v === null)) return []; // not in the browser at full resolution
    const cloud = !range && source.mask && this.cloudy(source, t, x, y) ? [h("span", { class: "eow-read-cloud" }, "cloud")] : [];
    if (what.kind === "class") {
      const found = what.classes.find((c) => c.value === values[0]);
      return found ? [span(prefix.trim(), found.name)] : [];
    }
    if (what.kind === "rgb") {
      const usual = source.key === this.state.source.key ? this.index(source, USUAL, read) : [];
      return [...what.bands.map((b, i) => span(`${prefix}${b}`, digits(values[i]), what.unit)), ...usual, ...cloud];
    }
    const value = values.some(Number.isNaN) ? NaN : evaluate(what.rpn, values);
    if (prefix && Number.isNaN(value)) return [];
    const main = span(`${prefix}${style.index ?? what.title}`, digits(value), what.unit);
    const bands = style.index && !prefix ? what.bands.map((b, i) => span(b, digits(values[i]))) : [];
    return [main, ...bands, ...cloud];
  }

  index(source, name, read) {
    const found = source.indices.find((i) => i.name === name);
    const values = found ? found.bands.map(read) : [null];
    if (values.some((v) => v === null || Number.isNaN(v))) return [];
    return [span(name, digits(evaluate(found.rpn, values)))];
  }

  value(source, band, t, x, y) {
    const found = this.store.finest(source.key, band, x, y, t);
    return found && this.decode(source, band, found.plane, found.plane.dates === 1 ? 0 : t, found.x, found.y);
  }

  // From the drawn median, once it is complete.
  median(source, band, [first, last], x, y) {
    const hide = this.state.style.clouds !== "show" || source.mask;
    const plane = this.store.made(source.key, band, `0,0,${source.width},${source.height},1`, first, last, hide);
    return plane && this.decode(source, band, plane, 0, x, y);
  }

  decode(source, band, plane, t, x, y) {
    const [code] = this.store.backend.box(plane, t, x, y, 1, 1);
    const { scale, offset } = this.store.band(source.key, band);
    return code === 0 ? NaN : (code - 1) * scale + offset;
  }

  cloudy(source, t, x, y) {
    const found = this.store.finest(source.key, "clouds", x, y, t);
    if (!found) return false;
    const [byte] = this.store.backend.box(found.plane, found.plane.dates === 1 ? 0 : t, found.x >> 3, found.y, 1, 1);
    return ((byte >> (7 - (found.x & 7))) & 1) === 1;
  }
}

const span = (name, text, unit = "") => h("span", {}, name ? `${name} ` : "", h("b", {}, unit ? `${text} ${unit}` : text));
