import { h } from "./dom.js";
import { Ground } from "./ground.js";
import { Pace } from "./pace.js";
import { pass, subject } from "./passes.js";
import { Readout } from "./readout.js";
import { State } from "./state.js";
import { Store } from "./store.js";

// Frames on a map of ipyleaflet: a canvas in a separate pane, in the map's projection, so that panning and zooming
// only move and scale it and a step through time only draws.

const LOOK = 400; // ms; a map's model has no event for another view, so it is polled

export class MapLayer {
  constructor(model, onerror) {
    this.model = model;
    this.onerror = onerror;
    this.store = Store.of(model);
    this.state = new State(model, this.store);
    this.shown = new Map();
    this.pace = new Pace(() => this.redraw());
    this.redraw = () => {
      this.pending ||= requestAnimationFrame(() => {
        this.pending = 0;
        try {
          this.draw();
        } catch (problem) {
          this.onerror(problem);
        }
      });
    };
    this.store.listeners.add(this.redraw);
    model.on("change", this.redraw);
    this.timer = setInterval(() => this.find(), LOOK);
    this.find();
  }

  close() {
    clearInterval(this.timer);
    this.pace.close();
    this.model.off("change", this.redraw);
    this.store.listeners.delete(this.redraw);
    this.state.close();
    for (const view of [...this.shown.keys()]) this.detach(view);
    this.store.release();
  }

  async find() {
    if (this.finding) return;
    this.finding = true;
    try {
      const map = await this.model.widget_manager.get_model(this.model.get("map_id").replace("IPY_MODEL_", ""));
      const views = await Promise.all(Object.values(map.views ?? {}));
      for (const view of views) if (view.obj?.getContainer?.() && !this.shown.has(view)) this.attach(view);
      for (const view of this.shown.keys()) if (!views.includes(view)) this.detach(view);
    } catch (problem) {
      this.onerror(problem);
    } finally {
      this.finding = false;
    }
  }

  attach(view) {
    const map = view.obj;
    const pane = map.getPane("eow-time") ?? map.createPane("eow-time");
    pane.style.zIndex = 350; // above tiles, below vectors and pins
    pane.style.pointerEvents = "none";
    const canvas = h("canvas", { class: "leaflet-zoom-animated eow-map-canvas", role: "img", "aria-label": "Satellite picture" });
    canvas.style.cssText = "position:absolute;left:0;top:0;transform-origin:0 0;image-rendering:pixelated";
    pane.append(canvas);
    const place = () => this.place(map, canvas);
    const animate = (event) => {
      const [north, west] = this.corners();
      const point = map._latLngToNewLayerPoint({ lat: north, lng: west }, event.zoom, event.center);
      canvas.style.transform = `translate3d(${point.x}px,${point.y}px,0) scale(${map.getZoomScale(event.zoom)})`;
    };
    // The click that ends a shape reaches the map after the shape is done.
    const drawing = (on) => () => setTimeout(() => (this.model.set("drawing", on), this.model.save_changes()), on ? 0 : 100);
    const readout = this.readout(map);
    const point = (event) => readout.show(this.model.get("visible") ? this.pixel(map, event.latlng) : null);
    const leave = () => readout.show(null); // Leaflet's event belongs to the layer under the pointer
    map.getContainer().addEventListener("mouseleave", leave);
    const credit = this.model.get("credit"); // escaped: Leaflet treats it as HTML
    map.attributionControl?.addAttribution(credit);
    const events = [["zoom viewreset", place], ["zoomanim", animate], ["mousemove", point], ["draw:drawstart draw:editstart draw:deletestart", drawing(true)], ["draw:drawstop draw:editstop draw:deletestop", drawing(false)]];
    for (const [names, f] of events) map.on(names, f);
    // Leaflet only detects changes of the window's size: without this, a resized panel cuts frames and tiles.
    const resizer = new ResizeObserver(() => map.invalidateSize({ animate: false }));
    resizer.observe(map.getContainer());
    const detach = () => {
      resizer.disconnect();
      for (const [names, f] of events) map.off(names, f);
      map.attributionControl?.removeAttribution(credit);
      canvas.remove();
      map.getContainer().removeEventListener("mouseleave", leave);
      readout.close();
      readout.element.remove();
    };
    this.shown.set(view, { canvas, context: canvas.getContext("2d"), place, detach });
    place();
    this.redraw();
  }

  // Values under the pointer, in the corner of a map.
  readout(map) {
    const element = map.getContainer();
    const readout = new Readout(this.store, this.state, { ground: new Ground(this.store.sources[0]), toScreen: (at) => at, element });
    readout.element.classList.add("eow-map-read");
    element.append(readout.element);
    return readout;
  }

  // The pixel at a place on a map, null outside the picture.
  pixel(map, latlng) {
    const { width, height } = this.store.sources[0];
    const [north, west, south, east] = this.corners();
    const [a, b, p] = [[north, west], [south, east], latlng].map((place) => map.latLngToLayerPoint(place));
    const at = [((p.x - a.x) / (b.x - a.x)) * width, ((p.y - a.y) / (b.y - a.y)) * height];
    return at[0] >= 0 && at[1] >= 0 && at[0] < width && at[1] < height ? at : null;
  }

  detach(view) {
    this.shown.get(view)?.detach();
    this.shown.delete(view);
  }

  corners() {
    const { lon, lat } = this.store.sources[0].place;
    return [lat[0], lon[0], lat.at(-1), lon.at(-1)];
  }

  place(map, canvas) {
    const [north, west, south, east] = this.corners();
    const a = map.latLngToLayerPoint([north, west]);
    const b = map.latLngToLayerPoint([south, east]);
    canvas.style.transform = `translate3d(${a.x}px,${a.y}px,0)`;
    canvas.style.width = `${b.x - a.x}px`;
    canvas.style.height = `${b.y - a.y}px`;
  }

  draw() {
    const source = this.store.sources[0];
    const { style, t } = this.state;
    const what = subject(source, style);
    const bands = source.mask ? [...what.bands, "clouds"] : what.bands;
    const whole = `0,0,${source.width},${source.height},1`;
    const windows = source.coarse === 1 ? [whole] : [this.store.coarse(source.key), whole];
    for (const window of windows) this.store.want(source.key, bands, window, t);
    const ready = windows.filter((w) => this.store.has(source.key, bands, w, t)).at(-1);
    const drawn = ready && pass(this.store, style, { key: source.key, t }, null, ready);
    const rough = this.pace.rough(this.stepped(ready, style, t));
    const start = performance.now();
    const size = [source.width, source.height];
    for (const { canvas, context } of this.shown.values()) {
      canvas.style.display = this.model.get("visible") ? "" : "none";
      if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
      const done = this.store.backend.draw(context, { x: 0, y: 0, step: 1 }, size, drawn ? [drawn] : [], rough);
      if (!done || !drawn) continue;
      canvas.toggleAttribute("data-rough", rough > 1);
      canvas.dataset.shown = this.state.label(t);
    }
    if (drawn) this.pace.took(performance.now() - start, rough);
  }

  // Whether only the date has changed since the last drawing.
  stepped(window, style, t) {
    const look = JSON.stringify([window, style, this.shown.size]);
    const stepped = look === this.look && t !== this.lastDate;
    [this.look, this.lastDate] = [look, t];
    return stepped;
  }
}
