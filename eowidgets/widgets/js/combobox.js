import { frame, h, OWN_KEYS } from "./dom.js";

// A field to type in, with a list of choices below it (the combobox pattern of the ARIA authoring practices). Choices are
// found by name, full name and use; those that can be favourites have a star.

const LEAST = 140; // pixels of height for the list
let combos = 0;

export class Combobox {
  // onchoose(value), onstar(value); own(text): the choice for a typed text, or null.
  constructor(label, { onchoose, onstar, own = () => null }) {
    Object.assign(this, { onchoose, onstar, own });
    const id = `eow-combo-${(combos += 1)}`;
    this.input = h("input", { type: "text", class: "eow-select eow-combo-input", role: "combobox", "aria-label": label, title: label, "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false", ...OWN_KEYS });
    this.list = h("div", { id, role: "listbox", "aria-label": label, class: "eow-combo-list" });
    this.count = h("span", { role: "status" });
    const keys = h("span", {}, "Ctrl + Enter: favourite");
    this.popup = h("div", { class: "eow-float eow-combo-popup", hidden: true }, this.list, h("div", { class: "eow-combo-foot" }, this.count, keys));
    this.element = h("span", { class: "eow-combo" }, this.input, this.popup);
    this.groups = [];
    this.value = "";
    this.input.addEventListener("input", () => this.open(this.input.value));
    this.input.addEventListener("click", () => this.popup.hidden && this.open(""));
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.popup.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.list.addEventListener("click", (event) => this.click(event));
  }

  // groups: [name, [{ value, name, text, use, star }]]; star: true, false, or undefined where it cannot be one.
  fill(groups, value) {
    Object.assign(this, { groups, value });
    const chosen = this.find(value);
    this.name = chosen?.name ?? value.slice(value.indexOf(":") + 1);
    if (this.popup.hidden) this.input.value = this.name;
    else this.show(this.query, this.active);
  }

  find(value) {
    return this.groups.flatMap(([, items]) => items).find((i) => i.value === value);
  }

  open(query) {
    this.popup.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    const room = frame(this.element).bottom - this.input.getBoundingClientRect().bottom;
    this.list.style.maxHeight = `${Math.max(LEAST, Math.min(340, room - 50))}px`;
    this.show(query, query ? null : this.value);
  }

  close() {
    this.popup.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.input.value = this.name;
  }

  show(query, active) {
    this.query = query;
    const groups = query.trim() ? this.found(query) : this.groups;
    this.items = groups.flatMap(([, items]) => items);
    this.nodes = [];
    this.list.replaceChildren(...groups.filter(([, items]) => items.length).map(([name, items]) => this.group(name, items)));
    const n = this.items.length;
    this.count.textContent = n === 0 ? "No match for this name or use." : `${n} choice${n === 1 ? "" : "s"}`;
    this.mark(this.items.find((i) => i.value === active) ?? this.items[0]);
  }

  group(name, items) {
    const options = items.map((item) => {
      const star = item.star === undefined ? null : h("span", { class: "eow-star", "aria-hidden": "true", title: item.star ? "Remove from favourites" : "Add to favourites" }, item.star ? "★" : "☆");
      const node = h("div", { role: "option", id: `${this.list.id}-${this.nodes.length}`, "data-value": item.value, "aria-selected": String(item.value === this.value), "aria-label": [item.name, item.text, item.use, item.star ? "favourite" : ""].filter(Boolean).join(", ") },
        star, h("b", {}, item.name), h("span", {}, item.text), h("small", {}, item.use));
      this.nodes.push(node);
      return node;
    });
    return h("div", { role: "group", "aria-label": name, class: "eow-combo-group" }, h("div", { class: "eow-combo-head", "aria-hidden": "true" }, name), ...options);
  }

  // Every word must be found; a name that begins with the text comes first, then a use or full name with such a word.
  found(query) {
    const words = query.toLowerCase().trim().split(/\s+/);
    const all = new Map(this.groups.flatMap(([, items]) => items).map((i) => [i.value, i]));
    const text = (i) => `${i.name} ${i.text} ${i.use}`.toLowerCase();
    const rank = (i) => {
      const name = i.name.toLowerCase();
      return name === words[0] ? 0 : name.startsWith(words[0]) ? 1 : ` ${i.text} ${i.use}`.toLowerCase().includes(` ${words[0]}`) ? 2 : 3;
    };
    const hits = [...all.values()].filter((i) => words.every((w) => text(i).includes(w)));
    const own = hits.length ? null : this.own(query.trim());
    return [["Found", own ? [own] : hits.sort((a, b) => rank(a) - rank(b) || Number(b.star ?? false) - Number(a.star ?? false))]];
  }

  mark(item) {
    this.active = item?.value ?? null;
    this.nodes.forEach((node) => node.classList.toggle("eow-combo-active", node.dataset.value === this.active));
    const node = this.nodes.find((n) => n.dataset.value === this.active);
    if (!node) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", node.id);
    return node.scrollIntoView({ block: "nearest" });
  }

  move(by) {
    if (this.popup.hidden) return this.open("");
    const at = this.items.findIndex((i) => i.value === this.active);
    return this.mark(this.items[Math.min(this.items.length - 1, Math.max(0, at + by))]);
  }

  key(event) {
    const act = {
      ArrowDown: () => this.move(1),
      ArrowUp: () => this.move(-1),
      PageDown: () => this.move(8),
      PageUp: () => this.move(-8),
      Enter: () => (event.ctrlKey || event.metaKey ? this.star(this.popup.hidden ? this.value : this.active) : this.take(this.active)),
      Escape: () => this.close(),
    }[event.key];
    if (!act || (event.key === "Escape" && this.popup.hidden)) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  click(event) {
    const value = event.target.closest("[role=option]")?.dataset.value;
    if (value === undefined) return;
    if (event.target.classList.contains("eow-star")) this.star(value);
    else this.take(value);
  }

  star(value) {
    const item = this.find(value);
    if (item?.star !== undefined) this.onstar(value);
  }

  take(value) {
    if (this.popup.hidden) return this.open("");
    if (!value) return undefined;
    this.name = (this.find(value) ?? this.items.find((i) => i.value === value)).name;
    this.close();
    this.input.select();
    return this.onchoose(value);
  }
}
