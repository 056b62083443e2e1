import { button, h } from "./dom.js";

// One step at a time above the picture, without blocking other controls.

const REMEMBERED = "eowidgets.tour";

// Without browser storage, for instance in a private window, the tour is shown every time.
const kept = {
  get off() {
    try {
      return localStorage.getItem(REMEMBERED) === "off";
    } catch {
      return false;
    }
  },
  turnOff() {
    try {
      localStorage.setItem(REMEMBERED, "off");
    } catch {
      // shown again next time
    }
  },
};

export default {
  render({ model, el }) {
    if (kept.off && !model.get("always")) return undefined;
    const steps = model.get("steps");
    let at = 0;
    const words = h("span", { class: "eow-tour-text" });
    const number = h("small", {});
    const next = button("Next step of the tour", "Next", () => (at + 1 < steps.length ? go(at + 1) : leave()), { class: "eow-button eow-tour-next" });
    const never = button("Do not show the tour again", "Do not show again", () => leave());
    const card = h("div", { class: "eow-tour", role: "region", "aria-label": "Tour" }, number, words, h("span", { class: "eow-tour-buttons" }, never, next));
    const target = (i) => el.closest(".eow-explorer")?.querySelector(steps[i].target);
    const unmark = () => steps.forEach((_, i) => target(i)?.classList.remove("eow-tour-target"));
    const go = (i) => {
      unmark();
      at = i;
      number.textContent = `${i + 1} of ${steps.length}`;
      words.textContent = steps[i].text;
      next.textContent = i + 1 < steps.length ? "Next" : "Done";
      next.setAttribute("aria-label", i + 1 < steps.length ? "Next step of the tour" : "End the tour");
      target(i)?.classList.add("eow-tour-target");
    };
    const leave = () => {
      kept.turnOff();
      unmark();
      card.remove();
    };
    card.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      leave();
    });
    el.append(card);
    // Panels appear shortly after the picture.
    requestAnimationFrame(() => card.isConnected && go(0));
    return unmark;
  },
};
