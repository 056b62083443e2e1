import { digits, errorBox, h, OWN_KEYS } from "./dom.js";

// Hectares along time, and one place: chips before and after, its facts, its pixel with the break.

const CHANGE_WIDTH = 560, CHANGE_LEFT = 44, CHANGE_RIGHT = 8;
const isoDay = (stamp) => new Date(stamp).toISOString().slice(0, 10);

function changeScale(low, high, from, to) {
  const span = high - low || 1;
  return (v) => from + ((v - low) / span) * (to - from);
}

function yearTicks(low, high, x, bottom) {
  const years = [];
  for (let y = new Date(low).getUTCFullYear(); y <= new Date(high).getUTCFullYear(); y++) {
    const at = x(Date.UTC(y, 0, 1));
    if (at < CHANGE_LEFT - 1 || at > CHANGE_WIDTH) continue;
    years.push(h("line", { x1: at, x2: at, y1: bottom, y2: bottom + 4, class: "eow-change-axis" }));
    if (at < CHANGE_WIDTH - 24) years.push(h("text", { x: at + 2, y: bottom + 14, class: "eow-change-text" }, String(y)));
  }
  return years;
}

function timeline(rows, picked, onpick) {
  const height = 120, top = 8, bottom = 96;
  const stamps = rows.map((r) => Date.parse(r.date));
  const margin = 45 * 86400e3;
  const x = changeScale(Math.min(...stamps) - margin, Math.max(...stamps) + margin, CHANGE_LEFT, CHANGE_WIDTH - CHANGE_RIGHT);
  const most = Math.max(...rows.map((r) => r.hectares));
  const y = changeScale(0, most, bottom, top);
  const bars = rows.map((r, i) =>
    h(
      "rect",
      {
        x: x(stamps[i]) - 3, y: y(r.hectares), width: 6, height: Math.max(1, bottom - y(r.hectares)), tabindex: 0, role: "button",
        class: r.date === picked ? "eow-change-bar picked" : "eow-change-bar", "data-date": r.date, ...OWN_KEYS,
        onclick: () => onpick(r.date === picked ? "" : r.date),
        onkeydown: (e) => (e.key === "Enter" || e.key === " ") && (e.preventDefault(), onpick(r.date === picked ? "" : r.date)),
      },
      h("title", {}, `${r.date}: ${digits(r.hectares)} ha, ${digits(r.total)} ha so far`),
    ),
  );
  return h(
    "svg",
    { viewBox: `0 0 ${CHANGE_WIDTH} ${height}`, class: "eow-change-timeline", role: "group", "aria-label": "Hectares changed by date first seen" },
    h("line", { x1: CHANGE_LEFT, x2: CHANGE_WIDTH, y1: bottom, y2: bottom, class: "eow-change-axis" }),
    h("text", { x: 2, y: top + 8, class: "eow-change-text" }, `${digits(most)} ha`),
    ...yearTicks(Math.min(...stamps) - margin, Math.max(...stamps) + margin, x, bottom),
    ...bars,
  );
}

function pixelChart(place) {
  const { stamps, values, hollow } = place.series;
  const height = 150, top = 18, bottom = 126;
  const seen = values.filter((v, i) => v !== null && !hollow[i]);
  if (!seen.length) return null;
  const x = changeScale(stamps[0], stamps[stamps.length - 1], CHANGE_LEFT, CHANGE_WIDTH - CHANGE_RIGHT);
  const low = Math.min(...seen), high = Math.max(...seen);
  const y = changeScale(low, high, bottom, top);
  const inside = (v) => Math.max(top - 4, Math.min(bottom + 4, y(v)));
  const dots = stamps.map((t, i) =>
    values[i] === null ? null : h(
      "circle",
      { cx: x(t), cy: inside(values[i]), r: hollow[i] ? 1.5 : 2.5, class: hollow[i] ? "eow-change-dot hollow" : "eow-change-dot" },
      h("title", {}, `${isoDay(t)}: ${digits(values[i])}${hollow[i] ? " (cloud)" : ""}`),
    ),
  );
  const mark = (stamp, label, kind, rise) => stamp === null ? [] : [
    h("line", { x1: x(stamp), x2: x(stamp), y1: top - 6, y2: bottom, class: `eow-change-mark ${kind}` }),
    h("text", { x: Math.min(x(stamp) + 3, CHANGE_WIDTH - 130), y: rise, class: "eow-change-text" }, `${label} ${isoDay(stamp)}`),
  ];
  return h(
    "svg",
    { viewBox: `0 0 ${CHANGE_WIDTH} ${height}`, class: "eow-change-pixel", role: "img", "aria-label": `${place.what} of the pixel that changed most` },
    h("line", { x1: CHANGE_LEFT, x2: CHANGE_WIDTH, y1: bottom, y2: bottom, class: "eow-change-axis" }),
    h("text", { x: 2, y: top + 4, class: "eow-change-text" }, digits(high)),
    h("text", { x: 2, y: bottom, class: "eow-change-text" }, digits(low)),
    h("text", { x: 2, y: 70, class: "eow-change-text" }, place.what),
    ...yearTicks(stamps[0], stamps[stamps.length - 1], x, bottom),
    ...dots,
    ...mark(place.first, "seen", "first", 10),
    ...(place.confirmed === place.first ? [] : mark(place.confirmed, "confirmed", "confirmed", 22)),
  );
}

function chip(place, c) {
  const [width, height] = place.size;
  const rings = place.outline.map((ring) => h("polygon", { points: ring.map((p) => p.join(",")).join(" ") }));
  return h(
    "figure",
    { class: c.late ? "eow-change-chip late" : "eow-change-chip" },
    h(
      "div",
      { style: `aspect-ratio: ${width} / ${height}` },
      h("img", { src: c.url, alt: `The place on ${c.date}` }),
      h("svg", { viewBox: `0 0 ${width} ${height}` }, ...rings),
    ),
    h("figcaption", {}, `${c.late ? "after" : "before"} · ${c.date}`),
  );
}

function portrait(place) {
  const facts = place.facts.flatMap(([k, v]) => [h("dt", {}, k), h("dd", {}, v)]);
  return [
    h("h4", {}, place.title),
    h("dl", { class: "eow-change-facts" }, ...facts),
    h("div", { class: "eow-change-chips" }, ...place.chips.map((c) => chip(place, c))),
    pixelChart(place),
  ].filter(Boolean);
}

export default {
  render({ model, el }) {
    const error = errorBox();
    const time = h("div", { class: "eow-change-time" });
    const detail = h("div", { class: "eow-change-place", "aria-live": "polite" });
    const root = h("div", { class: "eow-viewer eow-change" }, time, detail, error);
    const guarded = (draw) => () => {
      try {
        draw();
        error.show("");
      } catch (e) {
        error.show("The picture of the change could not be drawn.", e.stack);
      }
    };
    const pick = (date) => {
      model.set("picked_date", date);
      model.save_changes();
    };
    const drawTime = guarded(() => {
      const rows = model.get("rows");
      time.replaceChildren(...(rows.length ? [timeline(rows, model.get("picked_date"), pick)] : []));
    });
    const drawPlace = guarded(() => {
      const place = model.get("place");
      detail.replaceChildren(...(place.title ? portrait(place) : []));
      root.hidden = !model.get("rows").length && !place.title;
    });
    const both = () => (drawTime(), drawPlace());
    model.on("change:rows", both);
    model.on("change:picked_date", drawTime);
    model.on("change:place", drawPlace);
    el.append(root);
    both();
    return () => {
      model.off("change:rows", both);
      model.off("change:picked_date", drawTime);
      model.off("change:place", drawPlace);
    };
  },
};
