import { button, h, OWN_KEYS, safeColor } from "./dom.js";
import { Popover } from "./popover.js";

// Named views to come back to, and names of pins.

const KEPT = ["date", "bands", "index", "vmin", "vmax", "stretch", "gamma", "cmap", "clouds", "compare_mode", "compare_date", "swipe", "selection"];

export class Bookmarks {
  constructor(state, picture) {
    Object.assign(this, { state, picture });
    this.name = h("input", { type: "text", class: "eow-select eow-name", maxlength: 80, "aria-label": "Name of this view", placeholder: "Name of this view", ...OWN_KEYS });
    this.name.addEventListener("keydown", (event) => event.key === "Enter" && this.save());
    this.list = h("div", { class: "eow-bookmark-list", role: "group", "aria-label": "Bookmarks" });
    this.pins = h("div", { class: "eow-bookmark-list", role: "group", "aria-label": "Names of pins" });
    const save = h("button", { type: "button", class: "eow-button", ...OWN_KEYS, onclick: () => this.save() }, "Save");
    this.popover = new Popover("Bookmarks and names of pins", flag(), [h("div", { class: "eow-pop-row" }, this.name, save), this.list, this.pins], { onopen: () => this.update() });
  }

  close() {
    this.popover.close();
  }

  get model() {
    return this.state.model;
  }

  // Of the same name the later one stays.
  save() {
    const values = Object.fromEntries(KEPT.map((key) => [key, this.model.get(key)]));
    const name = this.name.value.trim() || this.state.label(this.state.t) || "View";
    const bounds = this.picture.fitted ? [] : this.picture.bounds();
    this.state.now("bookmarks", [...this.model.get("bookmarks").filter((b) => b.name !== name), { name, ...values, bounds }]);
    this.name.value = "";
  }

  restore({ name, bounds = [], ...values }) {
    this.model.set(values);
    if (bounds.length === 4) this.picture.show(bounds);
    else this.picture.fit();
    this.picture.moved();
    this.model.save_changes();
  }

  rename(i, name) {
    const text = name.trim().slice(0, 80);
    this.state.now("pins", this.model.get("pins").map((pin, k) => (k === i ? { ...pin, name: text } : pin)));
  }

  update() {
    if (!this.popover.isOpen) return;
    const saved = this.model.get("bookmarks");
    this.list.replaceChildren(...saved.map((bookmark) => h("div", { class: "eow-bookmark" },
      h("button", { type: "button", class: "eow-button", title: `Show ${bookmark.name}`, ...OWN_KEYS, onclick: () => this.restore(bookmark) }, h("b", {}, bookmark.name), h("small", {}, about(bookmark))),
      button(`Remove the bookmark ${bookmark.name}`, "✕", () => this.state.now("bookmarks", this.model.get("bookmarks").filter((b) => b.name !== bookmark.name))))));
    if (!saved.length) this.list.append(h("div", { class: "eow-faint" }, "A bookmark keeps date, bands, limits, comparison and place."));
    if (this.pins.contains(document.activeElement)) return; // a name that is being typed stays
    const field = (pin, i) => {
      const input = h("input", { type: "text", class: "eow-select eow-name", maxlength: 80, value: pin.name ?? "", placeholder: "Name of this pin", "aria-label": `Name of pin ${i + 1}`, ...OWN_KEYS });
      input.addEventListener("change", () => this.rename(i, input.value));
      return h("div", { class: "eow-bookmark" }, h("i", { class: "eow-name-dot", style: `background:${safeColor(pin.color)}` }), input);
    };
    this.pins.replaceChildren(...this.model.get("pins").map(field));
  }
}

const about = ({ date, index, bands, compare_mode: mode }) => [date, index ?? bands?.join(", "), mode && mode !== "none" ? mode : ""].filter(Boolean).join(", ");

const flag = () => h("svg", { viewBox: "0 0 16 16", width: 14, height: 14, class: "eow-icon", "aria-hidden": "true" }, h("path", { d: "M4 1.5H12V14L8 11L4 14Z" }));
