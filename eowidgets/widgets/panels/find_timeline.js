import { button, errorBox, h, OWN_KEYS } from "./dom.js";

// The dates that a search found: a bar per date, previews, and the same as a table with boxes to tick.

const FIND_BASE = 70, FIND_TALL = 58, FIND_HEIGHT = 98, FIND_LEFT = 8;
const FIND_PREVIEWS = 12, FIND_ROWS = 400;

const findClouds = (row) => (row.cloud === null ? "cloud cover not stated" : `${Math.round(row.cloud)} % clouds`);
const findCoverage = (row) => `${Math.round(100 * row.coverage)} %`;
const findImages = (row) => (row.items === 1 ? "1 image" : `${row.items} images`);
const findWords = (row) =>
  `${row.date}: ${findClouds(row)}, ${findCoverage(row)} of the area, ${findImages(row)}${row.platform ? ` of ${row.platform}` : ""}, ${row.size} to read`;
// An address comes from a server: nothing but a picture from the web is loaded.
const findIsPicture = (url) => /^https?:\/\//i.test(url || "");

function findBar(row, left, pitch) {
  const wide = pitch - 3, tall = 4 + (FIND_TALL - 4) * row.coverage, top = FIND_BASE - tall;
  const clear = row.cloud === null ? 0 : tall * (1 - row.cloud / 100);
  return h(
    "g",
    { class: "eow-find-date", role: "option", tabindex: -1, "aria-label": findWords(row), "data-date": row.date, ...OWN_KEYS },
    h("title", {}, findWords(row)),
    h("rect", { x: left, y: 0, width: pitch, height: FIND_BASE + 12, class: "eow-find-hit" }),
    h("rect", { x: left + 1, y: FIND_BASE - clear, width: wide, height: clear, class: "eow-find-clear" }),
    h("rect", { x: left + 1, y: top, width: wide, height: tall, class: row.cloud === null ? "eow-find-whole unknown" : "eow-find-whole" }),
    h("path", { d: `M${left + 1 + wide / 2} ${FIND_BASE + 3}l4 7h-8z`, class: "eow-find-mark" }),
  );
}

function findTicks(rows, pitch) {
  const ticks = [];
  let free = 0;
  rows.forEach((row, i) => {
    const at = FIND_LEFT + i * pitch;
    if (at < free || (i > 0 && rows[i - 1].date.slice(0, 7) === row.date.slice(0, 7))) return;
    ticks.push(h("text", { x: at, y: FIND_HEIGHT - 4, class: "eow-find-text" }, row.date.slice(0, 7)));
    free = at + 56;
  });
  return ticks;
}

function findPreview(row) {
  const image = h("img", { src: row.thumbnail, alt: `Preview of ${row.date}`, loading: "lazy", referrerpolicy: "no-referrer" });
  image.addEventListener("error", () => image.replaceWith(h("span", { class: "eow-find-missing" }, "no preview")));
  return h("figure", {}, image, h("figcaption", {}, `${row.date} · ${row.cloud === null ? "clouds ?" : `${Math.round(row.cloud)} %`}`));
}

function findTable(rows, chosen, toggle) {
  const cells = (row) => [row.date, findClouds(row), findCoverage(row), findImages(row), row.size, row.platform];
  const tick = (row) =>
    h("input", {
      type: "checkbox", "aria-label": `Choose ${row.date}`, checked: chosen.has(row.date), "data-date": row.date, ...OWN_KEYS,
      onchange: () => toggle(row.date),
    });
  const heads = ["Chosen", "Date", "Clouds", "Area covered", "Images", "To read", "Satellite"];
  const body = rows.slice(0, FIND_ROWS).map((row) => h("tr", {}, h("td", {}, tick(row)), ...cells(row).map((c) => h("td", {}, c))));
  const more = rows.length > FIND_ROWS ? [h("p", {}, `The first ${FIND_ROWS} of ${rows.length} dates.`)] : [];
  return [
    h("table", {}, h("thead", {}, h("tr", {}, ...heads.map((t) => h("th", { scope: "col" }, t)))), h("tbody", {}, ...body)),
    ...more,
  ];
}

export default {
  render({ model, el }) {
    const error = errorBox();
    const count = h("span", { class: "eow-find-count", "aria-live": "polite" });
    const bars = h("svg", { role: "listbox", "aria-multiselectable": "true", "aria-label": "Dates found: arrow keys move, space chooses, shift and an arrow key choose a range" });
    const line = h("div", { class: "eow-find-bars" }, bars);
    const words = h("div", { class: "eow-find-words" });
    const previews = h("div", { class: "eow-find-previews" });
    const table = h("div", { class: "eow-find-table" });
    const fold = h("details", {}, h("summary", { ...OWN_KEYS }, "Table of dates"), table);
    const legend = h("div", { class: "eow-find-legend" }, "Height: share of the area covered. Filled: clear; hollow: cloudy; dashed: cloud cover not stated. ▲: chosen.");
    let rows = [], current = 0, anchor = 0;
    const chosen = () => new Set(model.get("chosen"));
    const choose = (dates) => {
      model.set("chosen", rows.map((r) => r.date).filter((d) => dates.has(d)));
      model.save_changes();
    };
    const toggle = (date) => {
      const dates = chosen();
      if (!dates.delete(date)) dates.add(date);
      anchor = rows.findIndex((r) => r.date === date);
      choose(dates);
    };
    const range = (to) => {
      const dates = chosen();
      for (let i = Math.min(anchor, to); i <= Math.max(anchor, to); i++) dates.add(rows[i].date);
      choose(dates);
    };
    const nodes = () => [...bars.querySelectorAll(".eow-find-date")];
    const look = (i) => {
      current = Math.max(0, Math.min(rows.length - 1, i));
      nodes().forEach((node, k) => node.setAttribute("tabindex", k === current ? 0 : -1));
      words.textContent = findWords(rows[current]);
    };
    const move = (i, extend) => {
      if (extend && !chosen().has(rows[current].date)) anchor = current;
      look(i);
      nodes()[current].focus();
      if (extend) range(current);
    };
    const keys = (event) => {
      const to = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: rows.length - 1 }[event.key];
      if (to !== undefined) move(to, event.shiftKey);
      else if (event.key === " " || event.key === "Enter") event.shiftKey ? range(current) : toggle(rows[current].date);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    const press = (i) => (event) => {
      look(i);
      event.shiftKey ? range(i) : toggle(rows[i].date);
    };
    const guarded = (draw) => () => {
      try {
        draw();
        error.show("");
      } catch (e) {
        error.show("The timeline could not be drawn.", e.stack);
      }
    };
    const mark = guarded(() => {
      const dates = chosen();
      for (const node of nodes()) node.setAttribute("aria-selected", dates.has(node.dataset.date));
      for (const box of table.querySelectorAll("input")) box.checked = dates.has(box.dataset.date);
      count.textContent = `${dates.size} of ${rows.length} dates chosen`;
      const shown = rows.filter((r) => dates.has(r.date) && findIsPicture(r.thumbnail)).slice(0, FIND_PREVIEWS);
      previews.replaceChildren(...shown.map(findPreview));
    });
    const unfold = guarded(() => table.replaceChildren(...(fold.open ? findTable(rows, chosen(), toggle) : [])));
    const draw = guarded(() => {
      rows = model.get("rows");
      root.hidden = !rows.length;
      if (!rows.length) return;
      const pitch = Math.max(12, Math.min(28, Math.floor(640 / rows.length)));
      const width = FIND_LEFT + rows.length * pitch + 48;
      for (const [key, value] of [["width", width], ["height", FIND_HEIGHT], ["viewBox", `0 0 ${width} ${FIND_HEIGHT}`]]) bars.setAttribute(key, value);
      const drawn = rows.map((row, i) => {
        const node = findBar(row, FIND_LEFT + i * pitch, pitch);
        node.addEventListener("click", press(i));
        node.addEventListener("focus", () => look(i));
        node.addEventListener("mouseenter", () => (words.textContent = findWords(row)));
        return node;
      });
      const axis = h("line", { x1: FIND_LEFT, x2: width - 48, y1: FIND_BASE, y2: FIND_BASE, class: "eow-find-axis", "aria-hidden": "true" });
      const ticks = h("g", { "aria-hidden": "true" }, ...findTicks(rows, pitch));
      bars.replaceChildren(axis, ...drawn, ticks);
      anchor = 0;
      look(0);
      mark();
      unfold();
    });
    const tools = h(
      "div",
      { class: "eow-find-tools" },
      button("Choose all dates", "Choose all", () => choose(new Set(rows.map((r) => r.date)))),
      button("Choose no date", "Choose none", () => choose(new Set())),
      count,
    );
    const root = h("div", { class: "eow-viewer eow-find" }, line, words, legend, tools, previews, fold, error);
    bars.addEventListener("keydown", keys);
    fold.addEventListener("toggle", unfold);
    model.on("change:rows", draw);
    model.on("change:chosen", mark);
    el.append(root);
    draw();
    return () => {
      model.off("change:rows", draw);
      model.off("change:chosen", mark);
    };
  },
};
