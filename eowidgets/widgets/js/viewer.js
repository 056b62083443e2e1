import { button, errorBox, h, OWN_KEYS, select } from "./dom.js";
import { Ahead } from "./ahead.js";
import { Axis } from "./axis.js";
import { Chart } from "./chart.js";
import { FullScreen } from "./fullscreen.js";
import { join } from "./group.js";
import { Bookmarks } from "./bookmarks.js";
import { LegendCard } from "./legend.js";
import { Measure } from "./measure.js";
import { Picture } from "./picture.js";
import { Places } from "./places.js";
import { player } from "./player.js";
import { Readout } from "./readout.js";
import { SeriesReader } from "./series.js";
import { nameSliders } from "./slider_names.js";
import { State } from "./state.js";
import { Store } from "./store.js";
import { Thumbs } from "./thumbs.js";
import { Toolbar } from "./toolbar.js";
import { Undo } from "./undo.js";

const STYLE = ["bands", "index", "vmin", "vmax", "stretch", "gamma", "cmap", "opacity", "clouds", "compare_mode", "compare_key", "compare_date", "layers", "selection"];

export function view({ model, el }) {
  const store = Store.of(model);
  const state = new State(model, store);
  const error = errorBox(() => model.get("error").message && state.now("error", { message: "", details: "" }));
  const reader = new SeriesReader(store, state);
  const date = h("span", { class: "eow-date", "aria-live": "polite" });
  const toolbar = new Toolbar(state, store);
  const play = player(state);
  const chart = new Chart({ onmove: (stamp) => stamp !== null && state.go(axis.nearest(axis.at(stamp))) });
  const picture = new Picture(state, store, { onpin: (...at) => places.pin(...at), onarea: (corners) => places.area(corners), onhover: (at) => readout.show(at) });
  const thumbs = new Thumbs(state, store, picture);
  const axis = new Axis(state, thumbs);
  const legend = new LegendCard(state, store, picture);
  const readout = new Readout(store, state, picture);
  const places = new Places(picture, (problem) => error.show(problem));
  const undo = new Undo(model);
  places.element.append(undo.element);
  const measure = new Measure(state, store, picture);
  const bookmarks = new Bookmarks(state, picture);
  toolbar.histogram.picture = picture;
  toolbar.tools.prepend(bookmarks.popover.element);
  const { polygon } = picture;
  toolbar.onhome = () => (picture.fit(), picture.moved());
  toolbar.ondraw = () => {
    if (polygon.on) polygon.finish();
    else if (places.grounded()) begin(polygon);
    picture.element.focus({ preventScroll: true });
  };
  toolbar.onmeasure = () => {
    if (measure.tool.on) measure.tool.finish();
    else begin(measure.tool);
    picture.element.focus({ preventScroll: true });
  };
  // One thing is drawn at a time.
  const begin = (tool) => {
    picture.tool?.cancel();
    tool.start();
  };
  picture.ondrawing = () => toolbar.drawing(polygon.on, measure.tool.on);
  const playButton = button("Play", "▶", () => state.now("playing", !model.get("playing")), { class: "eow-button eow-play" });
  const speed = h("input", { type: "range", min: 1, max: 24, step: 1, "aria-label": "Dates per second", title: "Dates per second", class: "eow-speed", ...OWN_KEYS, oninput: () => state.later("speed", Number(speed.value)) });
  const loop = button("Repeat", "↻", () => state.now("loop", !model.get("loop")));
  const which = select("Dates to step through", [["all", "all dates"], ["clear", "clear dates"]], "all", (value) => state.now("clear_only", value === "clear"));
  const steps = h("div", { class: "eow-steps" },
    button("Earlier", "◂", () => state.step(-1)), playButton, button("Later", "▸", () => state.step(1)), date, loop,
    h("span", { class: "eow-control" }, h("small", {}, "Step"), which), h("span", { class: "eow-control" }, h("small", {}, "Speed"), speed));
  const time = h("div", { class: "eow-time" }, steps, axis.element);
  const title = h("div", { class: "eow-chart-title" });
  const below = h("div", { class: "eow-chart-row" }, h("div", { class: "eow-chart-side" }, title, places.element), chart.element);
  const stage = h("div", { class: "eow-stage" }, picture.element, legend.element, measure.element, readout.element);
  const root = h("div", { class: "eow-viewer" }, toolbar.element, stage, time, below, error);
  picture.element.style.setProperty("--eow-height", `${model.get("height")}px`);
  const fullscreen = new FullScreen(root);
  toolbar.tools.append(fullscreen.button);
  const rows = () => {
    time.hidden = !state.source.times.length; // a single picture has no time to go through
    below.hidden = time.hidden || !model.get("chart");
  };
  rows();

  // Pins and areas need a read from the GPU: only when they or the style have changed, not for the date.
  let stale = true;
  const updateChart = () => {
    if (!stale || !model.get("chart")) return;
    stale = false;
    const { what: subjectOf, series, asked } = reader.all(picture.ground);
    const nothing = series.length ? "There is no measurement here." : "Pins and area lie outside this picture.";
    title.textContent = [subjectOf.title, subjectOf.unit && `(${subjectOf.unit})`].filter(Boolean).join(" ");
    chart.show(series, { title: subjectOf.name, unit: subjectOf.unit, span: [state.stamps[0], state.stamps.at(-1)], empty: reader.waiting ? "The series is being loaded." : asked ? nothing : "" });
  };
  const guard = (f) => (...args) => {
    try {
      return f(...args);
    } catch (problem) {
      error.show("The viewer could not draw this.", String(problem.stack ?? problem));
      return undefined;
    }
  };
  const restyle = guard(() => {
    stale = true;
    toolbar.update();
    legend.update();
    readout.refresh();
    measure.refresh();
    axis.update();
    picture.redraw();
    updateChart();
  });
  const replace = guard(() => {
    places.update();
    bookmarks.update();
    stale = true;
    picture.redraw();
    updateChart();
  });
  const redate = guard(() => {
    date.textContent = state.label(state.t);
    axis.update();
    toolbar.histogram.refresh();
    measure.refresh();
    chart.cursor(state.stamps[state.t]);
    // The legend of a difference and the halves of a swipe carry the date.
    if (model.get("compare_mode") === "difference") legend.update();
    readout.refresh();
    picture.redraw(["swipe", "difference"].includes(model.get("compare_mode")));
  });
  const replay = () => {
    const on = model.get("playing");
    playButton.textContent = on ? "⏸" : "▶";
    playButton.setAttribute("aria-label", on ? "Pause" : "Play");
    loop.setAttribute("aria-pressed", model.get("loop"));
    which.value = model.get("clear_only") ? "clear" : "all";
    speed.value = model.get("speed");
    play.update();
    picture.redraw(false); // after coarse playback the picture is sharpened
  };
  const rehead = guard(() => {
    const before = state.source.version;
    state.heads();
    rows();
    reader.forget();
    toolbar.heads();
    axis.layout();
    if (state.source.version !== before) {
      picture.fit(); // a result next to the same cube keeps the view
      ahead.renew();
    }
    redate();
    restyle();
  });
  const rebound = () => {
    toolbar.histogram.refresh();
    const bounds = model.get("bounds");
    if (bounds.length === 4 && bounds.join() !== state.own) picture.show(bounds);
  };
  const complain = () => error.show(model.get("error").message, model.get("error").details);
  const fresh = guard((pixels) => {
    if (pixels === false) return picture.redraw();
    stale = true;
    toolbar.update();
    legend.update();
    axis.recover();
    thumbs.refresh();
    measure.refresh();
    picture.redraw();
    return updateChart();
  });
  reader.onanswer = fresh;
  state.ready = (t) => picture.ready(t);
  state.ondrawn = (something) => something && (root.dataset.drawn = "1");
  picture.draw = guard(picture.draw.bind(picture));
  store.listeners.add(fresh);
  const ahead = new Ahead(store, state, () => (root.dataset.ready = "1"));

  const events = [["change:date", redate], ["change:pins", replace], ["change:area", replace], ["change:polygons", replace], ["change:events", () => axis.layout()], ["change:playing", replay], ["change:speed", replay], ["change:clear_only", replay],
    ["change:loop", replay], ["change:head", rehead], ["change:transect", () => (measure.update(), picture.redraw())], ["change:bookmarks", () => bookmarks.update()], ["change:favourites", () => toolbar.heads()], ["change:bounds", rebound], ["change:swipe", () => (toolbar.update(), picture.redraw())], ["change:error", complain], ...STYLE.map((s) => [`change:${s}`, restyle])];
  for (const [name, f] of events) model.on(name, f);
  const blink = setInterval(() => {
    if (model.get("compare_mode") !== "blink") return;
    state.blinked = !state.blinked;
    picture.redraw();
  }, 700);

  const keys = { ArrowLeft: () => state.step(-1), ArrowRight: () => state.step(1), Home: () => state.go(0), End: () => state.go(state.stamps.length - 1),
    " ": () => state.now("playing", !model.get("playing")), "+": () => picture.zoom(1.5), "=": () => picture.zoom(1.5), "-": () => picture.zoom(1 / 1.5), Escape: () => (picture.tool ? picture.tool.cancel() : state.select(null)), p: () => polygon.on || toolbar.ondraw(), m: () => measure.tool.on || toolbar.onmeasure(), Backspace: () => picture.tool?.undo() };
  const shifted = { ArrowLeft: () => picture.pan(-1, 0), ArrowRight: () => picture.pan(1, 0), ArrowUp: () => picture.pan(0, -1), ArrowDown: () => picture.pan(0, 1) };
  const commands = ({ key, shiftKey }) => ({ z: () => (shiftKey ? undo.redo() : undo.undo()), y: () => undo.redo() })[key.toLowerCase()];
  picture.element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (event.shiftKey) picture.takeView();
    else picture.pinMiddle();
  });
  root.addEventListener("keydown", (event) => {
    // Controls handle the keys that they need.
    if (["SELECT", "INPUT"].includes(event.target.tagName) || (event.target.tagName === "BUTTON" && event.key === " ")) return;
    const name = (event.shiftKey && shifted[event.key] ? shifted : keys)[event.key];
    const act = event.altKey ? null : event.ctrlKey || event.metaKey ? commands(event) : name;
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });

  const leave = join(model);
  el.append(root);
  // The place of this view is known once it is in the page.
  let unname = () => {};
  requestAnimationFrame(() => (unname = nameSliders(root)));
  replay();
  redate();
  places.update();
  complain();
  return () => {
    clearInterval(blink);
    leave();
    unname();
    for (const [name, f] of events) model.off(name, f);
    store.listeners.delete(fresh);
    for (const part of [toolbar.histogram, fullscreen, bookmarks, measure, ahead, play, axis, thumbs, chart, picture, readout, reader, state, undo]) part.close();
    store.release();
  };
}
