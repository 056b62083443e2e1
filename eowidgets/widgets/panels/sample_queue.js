import { button, h, OWN_KEYS, safeColor } from "./dom.js";

// One point of a sample after the other: pictures through time, the series of the pixel, and a key for each answer.

const QUEUE_W = 640;
const QUEUE_H = 120;
const QUEUE_PAD = { left: 44, right: 24, top: 8, bottom: 18 };

export default {
  render({ model, el }) {
    let urls = [];
    let picked = ""; // the date that is marked
    let confidence = "";
    let asked = ""; // a class whose date is not marked yet
    let position = -1;
    const root = h("div", { class: "eow-queue", tabindex: 0, role: "group", "aria-label": "Labelling queue", ...OWN_KEYS });
    const send = (type, more = {}) => model.send({ type, position: String(position), ...more });
    const point = () => model.get("point");

    const progress = h("div", { class: "eow-queue-progress", role: "status" });
    const bar = h("div", { class: "eow-queue-done" });
    const answers = h("div", { class: "eow-queue-answers", role: "group", "aria-label": "Answers" });
    const chips = h("div", { class: "eow-queue-chips" });
    const chart = h("div", { class: "eow-queue-chart" });
    const dateLine = h("div", { class: "eow-queue-date", role: "status" });
    const note = h("div", { class: "eow-queue-note", role: "status" });
    const saved = h("div", { class: "eow-queue-saved" });

    // --- answers -------------------------------------------------------------------------------------------------

    const answer = (row) => {
      if (!row || point().over || point().outside) return;
      if (row.dated && !picked && asked !== row.name) {
        asked = row.name;
        hint(`Mark the first date that shows "${row.name}" with the arrow keys, then press the key again; without a date press it again now.`);
        return;
      }
      send("answer", { label: row.name, date: row.dated ? picked : "", confidence });
    };
    const unsure = () => !point().over && send("unsure");
    const hint = (text, bad = false) => {
      note.textContent = text;
      note.classList.toggle("bad", bad);
    };
    const turn = () => {
      const all = model.get("confidences");
      confidence = all[(all.indexOf(confidence) + 1) % all.length];
      drawAnswers();
    };
    const mark = (date) => {
      picked = picked === date ? "" : date;
      drawMarks();
      if (picked) send("date", { date: picked });
    };
    const step = (by) => {
      const days = point().days ?? [];
      if (!days.length) return;
      const at = picked ? days.findIndex((day) => day >= picked) : by > 0 ? -1 : days.length;
      const next = Math.max(0, Math.min(days.length - 1, (at < 0 && picked ? days.length : at) + by));
      if (days[next] !== picked) mark(days[next]);
    };

    // --- what is shown ---------------------------------------------------------------------------------------------

    function drawAnswers() {
      const given = point().given ?? {};
      const one = (row, key, onclick) => {
        const on = given.label === row.name;
        const swatch = row.color ? h("span", { class: "eow-queue-swatch", style: `background:${safeColor(row.color)}`, "aria-hidden": "true" }) : null;
        const node = button(`${row.name}, key ${key}`, "", onclick, { class: on ? "eow-button eow-queue-class on" : "eow-button eow-queue-class", "aria-pressed": String(on), disabled: point().over || undefined });
        node.append(...[h("kbd", {}, key), swatch, h("span", {}, row.name)].filter(Boolean));
        return node;
      };
      const classes = model.get("classes").map((row, i) => one(row, i < 9 ? String(i + 1) : "", () => answer(row)));
      const sure = button("Confidence of the answer, key C", "", turn, { class: "eow-button eow-queue-class" });
      sure.append(h("kbd", {}, "C"), h("span", {}, `confidence: ${confidence || "not given"}`));
      const back = button("Back to the point before, key Backspace", "", () => send("back"), { class: "eow-button eow-queue-class" });
      back.append(h("kbd", {}, "⌫"), h("span", {}, "back"));
      const later = button("Skip this point for now, key S", "", () => send("skip"), { class: "eow-button eow-queue-class" });
      later.append(h("kbd", {}, "S"), h("span", {}, "later"));
      answers.replaceChildren(...classes, one({ name: "can't tell" }, "0", unsure), sure, back, later);
    }

    function drawChips() {
      for (const url of urls) URL.revokeObjectURL(url);
      urls = model.get("pictures").map((data) => URL.createObjectURL(new Blob([data], { type: "image/png" })));
      const { days = [], cloudy = [], mixes = [], frame = [0, 0, 0, 0] } = point();
      const [left, top, width, height] = frame;
      const cells = days.map((day, i) => {
        const images = mixes.map((mix, row) =>
          h("span", { class: "eow-queue-image" },
            h("img", { src: urls[row * days.length + i], alt: `${mix}, ${day}`, draggable: "false" }),
            h("span", { class: "eow-queue-pixel", style: `left:${left}%;top:${top}%;width:${width}%;height:${height}%` }),
          ),
        );
        const label = cloudy[i] ? `${day}, cloudy` : day;
        return h("button", { type: "button", class: cloudy[i] ? "eow-queue-chip cloudy" : "eow-queue-chip", "data-day": day, "aria-label": label, title: label, tabindex: -1, ...OWN_KEYS, onclick: () => mark(day) },
          ...images, h("span", { class: "eow-queue-day" }, cloudy[i] ? `${day} ☁` : day));
      });
      chips.replaceChildren(...cells);
    }

    function drawChart() {
      const { series } = point();
      const known = series ? series.values.map((v, i) => ({ v, day: series.days[i], clear: series.clear[i] })).filter((d) => d.v !== null && d.day) : [];
      if (!known.length) {
        chart.replaceChildren();
        return;
      }
      const clear = known.filter((d) => d.clear);
      const range = (clear.length > 1 ? clear : known).map((d) => d.v);
      let [low, high] = [Math.min(...range), Math.max(...range)];
      if (high - low < 1e-6) [low, high] = [low - 0.5, high + 0.5];
      const stamps = known.map((d) => Date.parse(d.day));
      const [first, last] = [Math.min(...stamps), Math.max(...stamps, Math.min(...stamps) + 1)];
      const x = (day) => QUEUE_PAD.left + ((Date.parse(day) - first) / (last - first)) * (QUEUE_W - QUEUE_PAD.left - QUEUE_PAD.right);
      const y = (v) => QUEUE_H - QUEUE_PAD.bottom - ((Math.max(low, Math.min(high, v)) - low) / (high - low)) * (QUEUE_H - QUEUE_PAD.top - QUEUE_PAD.bottom);
      const text = (px, py, words, anchor) => h("text", { x: px, y: py, "text-anchor": anchor }, words);
      const years = [];
      for (let year = new Date(first).getUTCFullYear() + 1; year <= new Date(last).getUTCFullYear(); year++) {
        const at = x(`${year}-01-01`);
        years.push(h("line", { x1: at, x2: at, y1: QUEUE_PAD.top, y2: QUEUE_H - QUEUE_PAD.bottom, class: "grid" }), text(at, QUEUE_H - 4, String(year), "middle"));
      }
      const dots = known.map((d) => h("circle", { cx: x(d.day), cy: y(d.v), r: d.clear ? 3 : 2, class: d.clear ? "clear" : "cloudy", "data-day": d.day, onclick: () => mark(d.day) }, h("title", {}, `${d.day}: ${d.v}${d.clear ? "" : ", cloudy"}`)));
      const svg = h("svg", { viewBox: `0 0 ${QUEUE_W} ${QUEUE_H}`, role: "img", "aria-label": `${series.name} of the pixel through time` },
        ...years, text(QUEUE_PAD.left - 4, y(high) + 4, high.toFixed(2), "end"), text(QUEUE_PAD.left - 4, y(low) + 4, low.toFixed(2), "end"),
        h("line", { class: "mark", y1: QUEUE_PAD.top, y2: QUEUE_H - QUEUE_PAD.bottom, x1: -9, x2: -9 }), ...dots);
      svg.place = x;
      const names = h("select", { class: "eow-select", "aria-label": "Series of the pixel", ...OWN_KEYS, onchange: () => send("series", { name: names.value }) }, ...model.get("names").map((n) => h("option", { value: n }, n)));
      names.value = series.name;
      chart.replaceChildren(h("label", { class: "eow-queue-series" }, "Series ", names), svg);
    }

    function drawMarks() {
      for (const node of chips.children) {
        const on = node.dataset.day === picked;
        node.classList.toggle("on", on);
        node.setAttribute("aria-pressed", String(on));
        if (on) node.scrollIntoView?.({ block: "nearest", inline: "nearest" });
      }
      const svg = chart.querySelector("svg");
      const at = svg && picked ? svg.place(picked) : -9;
      for (const end of ["x1", "x2"]) svg?.querySelector(".mark")?.setAttribute(end, at);
      const dated = model.get("classes").some((row) => row.dated);
      dateLine.textContent = picked ? `Marked date: ${picked}` : dated ? "No date is marked: ← → mark one." : "";
    }

    function draw() {
      const now = point();
      if (now.position !== position) {
        position = now.position;
        picked = now.given?.date ?? "";
        confidence = now.given?.confidence ?? "";
        asked = "";
      }
      progress.textContent = now.over
        ? `All ${now.total} points are labelled, ${now.unsure} of them "can't tell".`
        : `Point ${now.position + 1} of ${now.total} · ${now.done} answered, ${now.unsure} of them "can't tell"`;
      bar.style.width = `${(100 * now.done) / Math.max(1, now.total)}%`;
      root.dataset.position = String(now.position);
      drawAnswers();
      drawChips();
      drawChart();
      drawMarks();
      if (now.outside) hint("This point lies outside the cube: press S to skip it.", true);
    }
    const tell = () => {
      saved.textContent = model.get("saved");
      if (!point().outside) hint(model.get("message"), model.get("bad"));
    };

    // --- keys ------------------------------------------------------------------------------------------------------

    const onkey = (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName)) return;
      if (event.repeat && !event.key.startsWith("Arrow")) return; // a key that is held down gives one answer
      const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : null;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const actions = { 0: unsure, x: unsure, c: turn, s: () => send("skip"), Backspace: () => send("back"), ArrowRight: () => step(1), ArrowLeft: () => step(-1), Escape: () => picked && mark(picked) };
      if (digit !== null && digit <= model.get("classes").length) answer(model.get("classes")[digit - 1]);
      else if (actions[key]) actions[key]();
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    // A button that was clicked keeps no focus: the next key is an answer, wherever the pointer is.
    const onclick = (event) => {
      if (event.target.tagName !== "SELECT" && event.target.tagName !== "OPTION") root.focus({ preventScroll: true });
    };
    root.addEventListener("keydown", onkey);
    root.addEventListener("click", onclick);
    root.append(h("div", { class: "eow-queue-bar", "aria-hidden": "true" }, bar), progress, answers, dateLine, chips, chart, note, saved);
    el.append(root);
    const listeners = { "change:point": draw, "change:classes": draw, "change:message": tell, "change:saved": tell, "change:bad": tell };
    for (const [name, listener] of Object.entries(listeners)) model.on(name, listener);
    draw();
    tell();
    return () => {
      for (const [name, listener] of Object.entries(listeners)) model.off(name, listener);
      for (const url of urls) URL.revokeObjectURL(url);
    };
  },
};
