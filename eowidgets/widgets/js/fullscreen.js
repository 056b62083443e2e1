import { button, h } from "./dom.js";

// Full screen for the Explorer, or for a viewer outside of one. Escape leaves it, as usual in browsers.

export class FullScreen {
  // root: the element of the viewer.
  constructor(root) {
    this.root = root;
    this.button = button("Full screen", icon(), () => this.toggle(), { "aria-pressed": "false" });
    this.button.hidden = !document.fullscreenEnabled;
    this.changed = () => this.update();
    document.addEventListener("fullscreenchange", this.changed);
  }

  close() {
    document.removeEventListener("fullscreenchange", this.changed);
  }

  get target() {
    return this.root.closest(".eow-explorer") ?? this.root;
  }

  get on() {
    return document.fullscreenElement === this.target;
  }

  toggle() {
    const done = this.on ? document.exitFullscreen() : this.target.requestFullscreen();
    done.catch(() => (this.button.title = "The browser does not allow full screen for this page."));
  }

  update() {
    this.button.setAttribute("aria-pressed", this.on);
    const label = this.on ? "Leave the full screen (Escape)" : "Full screen";
    this.button.setAttribute("aria-label", label);
    this.button.title = label;
  }
}

const icon = () => h("svg", { viewBox: "0 0 16 16", width: 14, height: 14, class: "eow-icon", "aria-hidden": "true" }, h("path", { d: "M2 6V2H6M10 2H14V6M14 10V14H10M6 14H2V10" }));
