import { button, errorBox, h, OWN_KEYS } from "./dom.js";
import { Axis } from "./axis.js";
import { join } from "./group.js";
import { MapLayer } from "./map_layer.js";
import { player } from "./player.js";
import { State } from "./state.js";
import { Store } from "./store.js";

// The layer exists as long as its model, displayed or not; displayed, it is a time axis for the map.

export default {
  initialize({ model }) {
    const layer = new MapLayer(model, (problem) => model.set("error", { message: "The layer could not be drawn on the map.", details: String(problem.stack ?? problem) }));
    const leave = join(model);
    return () => {
      leave();
      layer.close();
    };
  },

  render({ model, el }) {
    const store = Store.of(model);
    const state = new State(model, store);
    const error = errorBox(() => model.get("error").message && state.now("error", { message: "", details: "" }));
    const axis = new Axis(state);
    const play = player(state);
    const date = h("span", { class: "eow-date", "aria-live": "polite" });
    const start = button("Play", "▶", () => state.now("playing", !model.get("playing")), { class: "eow-button eow-play" });
    const root = h("div", { class: "eow-viewer eow-time-layer", ...OWN_KEYS }, h("div", { class: "eow-time" }, start, date, axis.element), error);
    const update = () => {
      date.textContent = state.label(state.t);
      axis.update();
    };
    const replay = () => {
      start.textContent = model.get("playing") ? "⏸" : "▶";
      start.setAttribute("aria-label", model.get("playing") ? "Pause" : "Play");
      play.update();
    };
    const complain = () => error.show(model.get("error").message, model.get("error").details);
    const keys = { ArrowLeft: () => state.step(-1), ArrowRight: () => state.step(1), Home: () => state.go(0), End: () => state.go(state.stamps.length - 1) };
    axis.element.addEventListener("keydown", (event) => {
      if (!keys[event.key]) return;
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    });
    const events = [["change:date", update], ["change:playing", replay], ["change:speed", replay], ["change:error", complain]];
    for (const [name, f] of events) model.on(name, f);
    const recover = () => axis.recover();
    store.listeners.add(recover);
    el.append(root);
    update();
    replay();
    complain();
    return () => {
      for (const [name, f] of events) model.off(name, f);
      store.listeners.delete(recover);
      play.close();
      axis.close();
      state.close();
      store.release();
    };
  },
};
