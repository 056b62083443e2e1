import { COLORS } from "./state.js";

// The view as the part of a page's address behind "#": what viewer/link.py writes and reads, for a page without a kernel.

const LINK_TEXTS = ["date", "index", "cmap", "stretch", "clouds", "compare_mode", "compare_date"];
const LINK_NUMBERS = ["vmin", "vmax", "gamma", "swipe"];
const LINK_LISTS = ["bands", "selection"];
const LINK_USUAL = { cmap: "viridis", stretch: "percentile", clouds: "show", compare_mode: "none", gamma: 1, swipe: 0.5 };

export function linkOf(model) {
  const parts = new URLSearchParams();
  const drop = { compare_date: model.get("compare_mode") === "none", bands: Boolean(model.get("index")) };
  for (const name of [...LINK_TEXTS, ...LINK_NUMBERS, ...LINK_LISTS]) {
    const value = model.get(name);
    if (value === null || value === undefined || String(value) === "" || value === LINK_USUAL[name] || drop[name]) continue;
    parts.set(name, String(value));
  }
  if (model.get("bounds").length) parts.set("view", model.get("bounds").map((v) => Number(v.toPrecision(10))).join());
  const pins = model.get("pins").filter((p) => p.lon !== undefined);
  if (pins.length) parts.set("pins", pins.map((p) => [p.lon, p.lat].map((v) => Number(v.toFixed(6))).join()).join(";"));
  return `#${parts.toString().replace(/%2C/g, ",").replace(/%3B/g, ";").replace(/%3A/g, ":").replace(/\+/g, "%20")}`;
}

// Only what this page has: dates, bands, indices and colour maps that are not in it are ignored.
export function traitsOf(hash, model) {
  const [source] = model.get("head").sources;
  const dates = (list) => list.every((d) => source.times.includes(d));
  const may = {
    date: (v) => dates([v]), compare_date: (v) => dates([v]), selection: (v) => v.length === 2 && dates(v),
    index: (v) => source.indices.some((i) => i.name === v), bands: (v) => [1, 3].includes(v.length) && v.every((b) => source.bands.some((o) => o.name === b)),
    cmap: (v) => Object.hasOwn(model.get("head").cmaps, v), stretch: (v) => ["percentile", "minmax"].includes(v), clouds: (v) => ["show", "hide"].includes(v),
    compare_mode: (v) => ["none", "swipe", "difference", "blink"].includes(v),
  };
  const traits = {};
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    const value = LINK_LISTS.includes(name) ? text.split(",") : text;
    if (Object.hasOwn(may, name) && may[name](value)) traits[name] = value;
    else if (LINK_NUMBERS.includes(name) && finite([text])) traits[name] = Number(text);
    else if (name === "view" && finite(text.split(","), 4)) traits.bounds = text.split(",").map(Number);
    else if (name === "pins" && text.split(";").every((p) => finite(p.split(","), 2))) traits.pins = text.split(";").map((p, i) => pinAt(COLORS[i % COLORS.length], ...p.split(",").map(Number)));
  }
  if (traits.bands && !traits.index) traits.index = null;
  return traits;
}

// The address of the page follows the view, so that copying it shares the view.
export function keepLink(model) {
  let timer;
  const write = () => {
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState(null, "", linkOf(model)), 300);
  };
  model.on("change", write);
}

const finite = (parts, count = 1) => parts.length === count && parts.every((p) => p.trim() !== "" && Number.isFinite(Number(p)));

const pinAt = (color, lon, lat) => ({ lon, lat, color });
