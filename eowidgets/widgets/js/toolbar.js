import { choices, formula } from "./choices.js";
import { Combobox } from "./combobox.js";
import { button, digits, fillSelect, h, OWN_KEYS, select } from "./dom.js";
import { StretchPanel } from "./histogram.js";
import { limits, subject } from "./passes.js";

// The row of controls above the picture: bands or index, style, and comparison.

const STRETCH = [["percentile", "2–98 %"], ["minmax", "min–max"]];
const COMPARE = [["none", "One date"], ["swipe", "Swipe"], ["difference", "Difference"], ["blink", "Blink"]];

export class Toolbar {
  constructor(state, store) {
    Object.assign(this, { state, store });
    const { model } = state;
    this.what = new Combobox("Bands or index: type a name or a use", {
      onchoose: (value) => this.choose(value),
      onstar: (value) => this.star(value.slice(value.indexOf(":") + 1)),
      own: (text) => (this.store.model.alone ? null : formula(text, state.source)),
    });
    this.cmap = select("Colour map", [], "", (value) => state.now("cmap", value));
    this.low = this.number("Darkest value (empty: automatic)", "vmin");
    this.high = this.number("Brightest value (empty: automatic)", "vmax");
    this.stretch = select("Stretch", STRETCH, "percentile", (value) => state.now("stretch", value));
    this.histogram = new StretchPanel(state, store);
    this.gamma = h("input", { type: "range", min: 0.4, max: 2.5, step: 0.1, "aria-label": "Gamma", title: "Gamma: brightness of mid-tones", ...OWN_KEYS, oninput: () => state.later("gamma", Number(this.gamma.value)) });
    this.clouds = h("input", { type: "checkbox", ...OWN_KEYS, onchange: () => state.now("clouds", this.clouds.checked ? "hide" : "show") });
    this.mode = select("Compare", COMPARE, "none", (value) => state.now("compare_mode", value));
    this.second = select("Compare with", [], "", (value) => this.against(value));
    this.line = h("input", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": "Place of the swipe line", title: "Place of the swipe line", ...OWN_KEYS, oninput: () => state.swipe(Number(this.line.value)) });
    this.draw = button("Draw a polygon", polygonIcon(), () => this.ondraw?.(), { "aria-pressed": "false" });
    this.rule = button("Measure a line: length, area and profile", rulerIcon(), () => this.onmeasure?.(), { "aria-pressed": "false" });
    this.tools = h("span", { class: "eow-tools" });
    this.home = button("Show the whole picture", homeIcon(), () => this.onhome?.());
    this.cloudsLabel = h("label", { title: "Hide cloudy pixels" }, this.clouds, "hide clouds");
    this.element = h("div", { class: "eow-toolbar", role: "toolbar", "aria-label": "Picture" },
      this.group("Show", this.what.element, this.cmap), this.group("Limits", this.low, this.high, this.stretch, this.histogram.popover.element), this.group("Gamma", this.gamma), this.cloudsLabel,
      this.group("Compare", this.mode, this.second, this.line), this.tools);
    this.tools.append(this.draw, this.rule, this.home);
    model.get("head") && this.heads();
  }

  number(label, trait) {
    const node = h("input", { type: "number", step: "any", class: "eow-number", "aria-label": label, title: label, ...OWN_KEYS });
    const take = () => this.state.now(trait, node.value === "" ? null : Number(node.value));
    node.addEventListener("change", take);
    node.addEventListener("keydown", (event) => event.key === "Enter" && take());
    node.addEventListener("blur", () => (node.value = this.state.model.get(trait) ?? ""));
    return node;
  }

  // Controls that belong together, with a label; the label is hidden if all controls are.
  group(word, ...controls) {
    const node = h("span", { class: "eow-control" }, h("small", {}, word), ...controls);
    this.groups = [...(this.groups ?? []), [node, controls]];
    return node;
  }

  heads() {
    const { source, model } = this.state;
    const head = model.get("head");
    this.options = choices(source, head, model.get("favourites"));
    this.cmaps = Object.keys(head.cmaps).map((name) => [name, name]);
    this.cloudsLabel.hidden = !source.mask;
    this.update();
  }

  choose(value) {
    const [kind, name] = [value.slice(0, value.indexOf(":")), value.slice(value.indexOf(":") + 1)];
    const { model } = this.state;
    // Another quantity has another range: limits set by hand go back to automatic.
    model.set({ index: kind === "index" ? name : null, vmin: null, vmax: null });
    if (kind === "bands") model.set("bands", name.split(","));
    model.save_changes();
  }

  star(name) {
    const { model } = this.state;
    const now = model.get("favourites");
    this.state.now("favourites", now.includes(name) ? now.filter((n) => n !== name) : [...now, name]);
  }

  // area, line: whether one is being drawn.
  drawing(area, line) {
    const say = (node, on, done, begin) => {
      node.setAttribute("aria-pressed", on);
      node.setAttribute("aria-label", on ? done : begin);
      node.title = on ? done : begin;
    };
    say(this.draw, area, "Finish the polygon (Escape cancels)", "Draw a polygon");
    say(this.rule, line, "Finish the line (Escape cancels)", "Measure a line: length, area and profile");
  }

  against(value) {
    const { model, source } = this.state;
    if (value.startsWith("cube:")) model.set("compare_key", value.slice(5));
    else model.set({ compare_key: source.key, compare_date: value });
    model.save_changes();
  }

  update() {
    const { style, compare, source } = this.state;
    const value = style.index ? `index:${style.index}` : `bands:${style.bands.join(",")}`;
    this.what.fill(this.options, value);
    const what = subject(source, style);
    fillSelect(this.cmap, this.cmaps.some(([v]) => v === style.cmap) ? this.cmaps : [[style.cmap, style.cmap], ...this.cmaps], style.cmap);
    this.cmap.hidden = what.kind !== "value";
    this.low.hidden = this.high.hidden = this.stretch.hidden = this.gamma.hidden = what.kind === "class";
    this.stretch.value = style.stretch;
    this.clouds.checked = style.clouds === "hide";
    this.gamma.value = style.gamma;
    this.mode.value = compare.mode;
    this.second.hidden = compare.mode === "none";
    this.line.hidden = compare.mode !== "swipe";
    this.line.value = compare.position;
    const others = this.store.sources.slice(1).filter((s) => !s.layer).map((s) => [`cube:${s.key}`, s.title || s.key]);
    const dates = source.times.map((d) => [d, d]);
    fillSelect(this.second, others.length ? [["Cube", others], ["Date", dates]] : dates, compare.key && compare.key !== source.key ? `cube:${compare.key}` : source.times[compare.t]);
    this.limits(what, style, compare);
    this.histogram.update();
    for (const [node, controls] of this.groups) node.hidden = controls.every((c) => c.hidden);
  }

  limits(what, style, compare) {
    if (!what.q) return;
    const { low, high } = limits(style, what.q, compare.mode === "difference" && !this.state.selection);
    // Pixels that arrive bring an update: what is being typed must not be erased by it.
    for (const [node, value] of [[this.low, style.vmin], [this.high, style.vmax]]) if (!node.matches(":focus")) node.value = value ?? "";
    this.low.placeholder = digits(low[0]);
    this.high.placeholder = digits(high[0]);
  }
}

function polygonIcon() {
  return h("svg", { viewBox: "0 0 16 16", width: 14, height: 14, class: "eow-icon", "aria-hidden": "true" }, h("path", { d: "M8 1.5L14.5 6.5L12 14H4L1.5 6.5Z" }));
}

function rulerIcon() {
  return h("svg", { viewBox: "0 0 16 16", width: 14, height: 14, class: "eow-icon", "aria-hidden": "true" }, h("path", { d: "M1.5 11L11 1.5L14.5 5L5 14.5ZM4.5 8L6.5 10M7 5.5L9 7.5M9.5 3L11.5 5" }));
}

function homeIcon() {
  return h("svg", { viewBox: "0 0 16 16", width: 14, height: 14, class: "eow-icon", "aria-hidden": "true" }, h("path", { d: "M1.5 8L8 2L14.5 8M3.5 7V14H12.5V7" }));
}
