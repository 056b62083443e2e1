import { inflate } from "./inflate.js";
import { keepLink, traitsOf } from "./link.js";

// A model without a kernel: the traits and pixels that a page carries itself. It has the part of an anywidget's model
// that the viewer uses, so that the page runs the same code.

export class StoryModel {
  constructor({ traits, chunks }) {
    this.traits = traits;
    this.chunks = chunks;
    this.alone = true; // there is no kernel
    this.listeners = new Map();
  }

  get(name) {
    return this.traits[name];
  }

  set(name, value) {
    const changes = typeof name === "string" ? { [name]: value } : name;
    const changed = Object.entries(changes).filter(([k, v]) => this.traits[k] !== v);
    for (const [k, v] of changed) this.traits[k] = v;
    for (const [k, v] of changed) this.emit(`change:${k}`, this, v);
    if (changed.length) this.emit("change", this);
  }

  save_changes() {}

  on(name, f) {
    if (!this.listeners.has(name)) this.listeners.set(name, new Set());
    this.listeners.get(name).add(f);
  }

  off(name, f) {
    this.listeners.get(name)?.delete(f);
  }

  emit(name, ...values) {
    for (const f of [...(this.listeners.get(name) ?? [])]) f(...values);
  }

  // The answers of the kernel, from the page: pixels nearest to the date in view first.
  async send(message) {
    if (message.type !== "want") return;
    const window = message.window.join();
    const wanted = this.chunks.filter(([head]) => head.source === message.source && message.bands.includes(head.band) && head.window.join() === window);
    wanted.sort(([a], [b]) => Math.abs(a.t - message.date) - Math.abs(b.t - message.date));
    for (const [head, text] of wanted) this.emit("msg:custom", head, [await inflate(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)))]);
  }
}

export function tell(render, id) {
  const read = (name) => JSON.parse(document.getElementById(name).textContent);
  const el = document.getElementById(id);
  el.model = new StoryModel(read(`${id}-data`)); // a page around it may set its traits
  el.model.set(traitsOf(location.hash, el.model));
  render({ model: el.model, el });
  // The view is shown once the picture has its size.
  const { bounds } = traitsOf(location.hash, el.model);
  if (bounds) el.model.emit("change:bounds", el.model, bounds);
  addEventListener("hashchange", () => el.model.set(traitsOf(location.hash, el.model)));
  keepLink(el.model);
}
