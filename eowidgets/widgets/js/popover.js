import { button, frame, h } from "./dom.js";

// A button with a small panel below it: Escape and a press elsewhere close it.

export class Popover {
  // body: nodes of the panel; onopen() when it is shown.
  constructor(label, face, body, { onopen = () => {}, ...attrs } = {}) {
    this.onopen = onopen;
    this.button = button(label, face, () => (this.isOpen ? this.close() : this.open()), { "aria-expanded": "false", "aria-haspopup": "dialog", ...attrs });
    this.panel = h("div", { class: "eow-float eow-pop-panel", role: "dialog", "aria-label": label, hidden: true }, ...body);
    this.element = h("span", { class: "eow-pop" }, this.button, this.panel);
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.isOpen) return;
      event.stopPropagation();
      event.preventDefault();
      this.close();
      this.button.focus();
    });
    this.outside = (event) => this.element.contains(event.target) || this.close();
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  open() {
    this.panel.hidden = false;
    this.onopen();
    this.button.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", this.outside, true);
    this.panel.style.left = "0";
    const room = frame(this.element);
    const box = this.panel.getBoundingClientRect();
    this.panel.style.left = `${Math.min(0, room.right - 8 - box.right)}px`;
    this.panel.style.maxHeight = `${Math.max(160, room.bottom - box.top - 8)}px`;
  }

  close() {
    this.panel.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", this.outside, true);
  }
}
