import { button, digits, h, OWN_KEYS, safeColor } from "./dom.js";
import { limits, lut, subject } from "./passes.js";

// The card in the corner of the picture: the legend of the picture, and one for every layer above it.

export class LegendCard {
  constructor(state, store, picture) {
    Object.assign(this, { state, store, picture });
    this.legend = h("div", { class: "eow-legend" });
    this.rows = h("div", { class: "eow-layer-rows" });
    this.fold = button("Fold the legend", "–", () => this.folded(!this.element.hasAttribute("data-folded")), { class: "eow-button eow-fold", "aria-expanded": "true" });
    this.element = h("div", { class: "eow-float eow-legend-card", role: "group", "aria-label": "Legend and layers" }, this.fold, this.legend, this.rows);
    for (const name of ["pointerdown", "dblclick", "wheel"]) this.element.addEventListener(name, (event) => event.stopPropagation());
  }

  folded(on) {
    this.element.toggleAttribute("data-folded", on);
    this.fold.textContent = on ? "+" : "–";
    this.fold.setAttribute("aria-expanded", !on);
    this.fold.title = on ? "Unfold the legend" : "Fold the legend";
    this.fold.setAttribute("aria-label", this.fold.title);
  }

  update() {
    const { state } = this;
    const { style, compare, source, selection } = state;
    const what = subject(source, style);
    if (what.q) {
      const difference = compare.mode === "difference" && !selection;
      const parts = this.parts(what, style, difference, difference ? `${this.dates(compare)}: ${what.title}` : this.mix(what));
      if (selection) parts.splice(1, 0, h("div", { class: "eow-legend-range" }, `median of ${selection[1] - selection[0] + 1} dates, ${state.label(selection[0])} to ${state.label(selection[1])}`));
      if (source.thinned > 1) parts.push(h("div", { class: "eow-legend-note", title: "The raster is too large to be read completely: zoom in to see every pixel." }, `1 of ${source.thinned.toLocaleString("en")} pixels`));
      this.legend.replaceChildren(...parts);
    }
    // A row that is in use (a slider being dragged) is not updated.
    // Of a layer that is not in memory the range of values is not known at first.
    const ranges = state.layers.map((l) => Boolean(this.store.source(l.key) && subject(this.store.source(l.key), { ...style, index: null, ...l.style }).q));
    const look = JSON.stringify([state.layers.map((l) => ({ ...l, opacity: 0 })), style.stretch, ranges]);
    if (look !== this.look) this.rows.replaceChildren(...[...state.layers].reverse().map((layer) => this.row(layer)));
    this.look = look;
  }

  // The name of a usual mix of bands, such as "true colour".
  mix(what) {
    const known = what.kind === "rgb" && Object.entries(this.state.model.get("head").composites).find(([, mix]) => mix.join() === what.bands.join());
    return known ? known[0] : what.title;
  }

  // "Difference 2019-07-06 minus 2016-07-05".
  dates({ key, t }) {
    const other = key && key !== this.state.source.key ? this.store.source(key)?.title || key : this.state.label(t);
    return `Difference, ${this.state.label(this.state.t)} minus ${other}`;
  }

  parts(what, style, difference, title) {
    const { low, high } = limits(style, what.q, difference);
    const unit = what.unit ? ` ${what.unit}` : "";
    const head = h("div", { class: "eow-legend-title" }, title);
    if (what.kind === "class") return [head, ...what.classes.map((c) => h("span", { class: "eow-class" }, h("i", { style: `background:${safeColor(c.color)}` }), c.name))];
    if (what.kind === "rgb") return [head, h("div", { class: "eow-legend-bands" }, ...what.bands.flatMap((b, i) => [h("i", { class: `eow-channel eow-channel-${i}` }), h("span", {}, b), h("span", {}, `${digits(low[i])} – ${digits(high[i])}${unit}`)]))];
    const ramp = h("canvas", { width: 256, height: 1, class: "eow-ramp", role: "img", "aria-label": `from ${digits(low[0])} to ${digits(high[0])}${unit}` });
    const head_ = this.state.model.get("head");
    ramp.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(lut(head_, difference ? head_.diverging : style.cmap)), 256, 1), 0, 0);
    return [head, h("span", { class: "eow-scale-bar" }, h("span", {}, digits(low[0])), ramp, h("span", {}, `${digits(high[0])}${unit}`))];
  }

  row(layer) {
    const source = this.store.source(layer.key);
    const own = { ...this.state.style, vmin: null, vmax: null, index: null, ...layer.style };
    const shown = h("input", { type: "checkbox", "aria-label": `Show ${layer.key}`, ...OWN_KEYS, onchange: () => this.change(layer.key, { visible: shown.checked }) });
    shown.checked = layer.visible;
    const opacity = h("input", { type: "range", min: 0, max: 1, step: 0.05, class: "eow-opacity", "aria-label": `Opacity of ${layer.key}`, title: "Opacity", ...OWN_KEYS, oninput: () => this.change(layer.key, { opacity: Number(opacity.value) }) });
    opacity.value = layer.opacity;
    const tools = [
      button(`Move ${layer.key} up`, "↑", () => this.move(layer.key, 1)),
      button(`Move ${layer.key} down`, "↓", () => this.move(layer.key, -1)),
      button(`Zoom to ${layer.key}`, "◎", () => this.zoom(source)),
      button(`Remove ${layer.key}`, "✕", () => this.state.model.send({ type: "remove_layer", name: layer.key })),
    ];
    const what = source && subject(source, own);
    const legend = what?.q && layer.visible ? this.parts(what, own, false, "").slice(1) : [];
    return h("div", { class: "eow-layer-row", "data-layer": layer.key },
      h("label", {}, shown, h("span", { class: "eow-layer-name" }, layer.key)), h("span", { class: "eow-layer-tools" }, ...tools), opacity, h("div", { class: "eow-legend" }, ...legend));
  }

  change(key, values) {
    this.state.now("layers", this.state.layers.map((l) => (l.key === key ? { ...l, ...values } : l)));
  }

  move(key, by) {
    const layers = [...this.state.layers];
    const at = layers.findIndex((l) => l.key === key);
    const to = at + by;
    if (at < 0 || to < 0 || to >= layers.length) return;
    [layers[at], layers[to]] = [layers[to], layers[at]];
    this.state.now("layers", layers);
  }

  zoom(source) {
    const { x0, y0, dx, dy } = source.place;
    this.picture.show([x0, y0 - source.height * dy, x0 + source.width * dx, y0]);
    this.picture.moved();
  }
}
