import { button, h } from "./dom.js";

// Undo and redo of pins and shapes on the picture, also of those that the map or the kernel set.

const UNDONE = ["pins", "area", "polygons"];
const UNDO_STEPS = 50;
const UNDO_ECHO = 1500; // ms within which the kernel's form of a shape replaces the drawn one

export class Undo {
  constructor(model) {
    Object.assign(this, { model, past: [], future: [], now: this.read(model), at: 0, asked: false });
    this.back = button("Undo the last pin or shape", "↶", () => this.undo());
    this.forth = button("Redo the pin or shape", "↷", () => this.redo());
    this.element = h("span", { class: "eow-undo" }, this.back, this.forth);
    this.heard = () => this.soon();
    for (const name of UNDONE) model.on(`change:${name}`, this.heard);
    this.update();
  }

  read(model = this.model) {
    return Object.fromEntries(UNDONE.map((name) => [name, model.get(name)]));
  }

  // One action may set several traits: they are one step.
  soon() {
    if (this.asked) return;
    this.asked = true;
    queueMicrotask(() => {
      this.asked = false;
      this.take();
    });
  }

  take() {
    const next = this.read();
    if (JSON.stringify(next) === JSON.stringify(this.now)) return;
    const echo = performance.now() - this.at < UNDO_ECHO && placesCount(next) === placesCount(this.now);
    if (!echo) {
      this.past = [...this.past, this.now].slice(-UNDO_STEPS);
      this.future = [];
    }
    this.at = performance.now();
    this.now = next;
    this.update();
  }

  undo() {
    this.go(this.past, this.future);
  }

  redo() {
    this.go(this.future, this.past);
  }

  go(from, to) {
    if (!from.length) return;
    to.push(this.now);
    this.now = from.pop();
    this.at = performance.now();
    this.model.set({ ...this.now });
    this.model.save_changes();
    this.update();
  }

  update() {
    this.back.disabled = !this.past.length;
    this.forth.disabled = !this.future.length;
  }

  close() {
    for (const name of UNDONE) this.model.off(`change:${name}`, this.heard);
  }
}

// The kernel may turn a shape that was drawn into a pin: that is its form of the same step.
const placesCount = ({ pins, area, polygons }) => pins.length + (area ? 1 : 0) + polygons.length;
