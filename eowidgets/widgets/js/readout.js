import { evaluate } from "./cpu.js";
import { digits, h } from "./dom.js";
import { gridOf, subject } from "./passes.js";

// What lies under the pointer: degrees, the bands or the index that is drawn, and the value or class of each layer.

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
    if (inside) {
      parts.push(...this.main(Math.floor(x), Math.floor(y)));
      for (const layer of state.layers) {
        const source = layer.visible && this.store.source(layer.key);
        if (!source) continue;
        const [ax, ay, bx, by] = gridOf(this.store.sources[0], source);
        const [u, v] = [Math.floor(x * ax + bx), Math.floor(y * ay + by)];
        if (u < 0 || v < 0 || u >= source.width || v >= source.height) continue;
        parts.push(...this.of(source, { ...state.style, ...layer.style }, state.nearest(layer.key, state.t), u, v, `${layer.key} `));
      }
    }
    element.replaceChildren(...parts);
  }

  // What is drawn of the cube; of a difference both dates.
  main(x, y) {
    const { state } = this;
    const { compare, source, style } = state;
    const own = this.of(source, style, state.t, x, y);
    if (compare.mode !== "difference" || state.selection || (compare.key && compare.key !== source.key)) return own;
    const before = this.of(source, style, compare.t, x, y, `${state.label(compare.t)}: `);
    return [h("span", {}, `${state.label(state.t)}:`), ...own, ...before];
  }

  // Where the pointer rests, the date or the style may change below it.
  refresh() {
    if (this.at) this.show(this.at);
  }

  // Values of what is drawn of a source at one of its pixels, as spans.
  of(source, style, t, x, y, prefix = "") {
    const what = subject(source, style);
    const values = what.bands.map((b) => this.value(source, b, t, x, y));
    if (values.some((v) => v === null)) return []; // not in the browser at full resolution
    const span = (name, text) => h("span", {}, `${prefix}${name} `, h("b", {}, text));
    if (what.kind === "rgb") return what.bands.map((b, i) => span(b, digits(values[i])));
    if (what.kind === "class") {
      const found = what.classes.find((c) => c.value === values[0]);
      return found ? [span("", found.name)] : [];
    }
    const value = values.some(Number.isNaN) ? NaN : evaluate(what.rpn, values);
    if (prefix && Number.isNaN(value)) return [];
    return [span(style.index ?? what.title, `${digits(value)}${what.unit ? ` ${what.unit}` : ""}`)];
  }

  value(source, band, t, x, y) {
    const found = this.store.finest(source.key, band, x, y);
    if (!found) return null;
    const [code] = this.store.backend.box(found.plane, found.plane.dates === 1 ? 0 : t, found.x, found.y, 1, 1);
    const { scale, offset } = this.store.band(source.key, band);
    return code === 0 ? NaN : (code - 1) * scale + offset;
  }
}
