// Every text from the kernel (questions, answers, layer names) is set as text, never as HTML.
const HOVER_MS = 150; // shorter passes of the mouse highlight nothing
const BRAINS = [["grounded", "Count pixels"], ["neural", "Ask a network"]];

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function fold(title, content) {
  const details = make("details");
  details.append(make("summary", "", title), content);
  return details;
}

function stepsTable(steps) {
  const table = make("table", "eow-ask-steps");
  for (const step of steps) {
    const row = table.insertRow();
    for (const cell of step) row.insertCell().textContent = cell;
  }
  return table;
}

function legendOf(turn) {
  const legend = make("div", "eow-ask-legend");
  for (const [name, color] of (turn.masks[0]?.entries ?? []).slice(0, 8)) {
    const swatch = make("i");
    swatch.style.background = /^#[0-9a-f]{6}$/i.test(color) ? color : "#999";
    const entry = make("span", "", name);
    entry.prepend(swatch);
    legend.append(entry);
  }
  return legend;
}

function thumb(turn, number, good, model) {
  const button = make("button", "eow-ask-thumb", good ? "✓" : "✗");
  button.title = good ? "A good answer" : "A bad answer";
  button.setAttribute("aria-label", button.title);
  button.setAttribute("aria-pressed", String(turn.thumb === (good ? 1 : -1)));
  button.onclick = () => model.send({ type: "thumb", turn: number, good });
  return button;
}

function answerOf(turn, number, model, view) {
  const box = make("div", `eow-ask-answer eow-ask-${turn.state}${turn.uncertain ? " eow-ask-uncertain" : ""}`);
  box.dataset.turn = String(number);
  if (turn.state === "waiting") {
    const stop = make("button", "eow-ask-stop", "Cancel");
    stop.onclick = () => model.send({ type: "cancel" });
    box.append(make("p", "", turn.text || "Computing ..."), stop);
    box.setAttribute("role", "status");
    return box;
  }
  box.append(make("p", "", turn.text));
  if (turn.details) box.append(fold("Details", make("pre", "", turn.details)));
  if (turn.state === "done") {
    const facts = make("div", "eow-ask-facts");
    facts.append(make("span", "", `confidence ${Math.round(100 * turn.confidence)} %`));
    if (turn.dates) facts.append(make("span", "", turn.dates === 1 ? "1 image" : `${turn.dates} images`));
    if (turn.lights) {
      const show = make("button", "eow-ask-show", "Show evidence");
      show.setAttribute("aria-pressed", String(view.pinned === number));
      show.onclick = () => view.pin(number);
      facts.append(show);
      box.onmouseenter = () => view.hover(number);
      box.onmouseleave = () => view.hover(-1);
    }
    facts.append(thumb(turn, number, true, model), thumb(turn, number, false, model));
    box.append(legendOf(turn), facts);
    box.append(fold(`How: ${turn.steps.length} steps`, stepsTable(turn.steps)));
    box.append(fold("Code", make("pre", "", turn.code)));
  }
  return box;
}

function lights(model, redraw) {
  let timer;
  const view = {
    pinned: -1,
    shown: -1,
    light(number) {
      if (number === view.shown) return;
      view.shown = number;
      model.send({ type: "light", turn: number, on: number >= 0 });
    },
    hover(number) {
      clearTimeout(timer);
      timer = setTimeout(() => view.light(number >= 0 ? number : view.pinned), HOVER_MS);
    },
    pin(number) {
      clearTimeout(timer);
      view.pinned = view.pinned === number ? -1 : number;
      view.light(view.pinned);
      redraw();
    },
    stop: () => clearTimeout(timer),
  };
  return view;
}

// A viewer that the panel has created, shown within it.
async function embed(model, place, signal) {
  const reference = model.get("picture");
  if (!reference) return;
  const inner = await model.widget_manager.get_model(reference.replace("IPY_MODEL_", ""));
  const shown = await model.widget_manager.create_view(inner);
  if (signal.aborted) return shown.remove();
  place.append(shown.el);
  signal.addEventListener("abort", () => shown.remove());
}

export default {
  render({ model, el }) {
    el.classList.add("eow-ask");
    const log = make("div", "eow-ask-log");
    log.setAttribute("role", "log");
    log.setAttribute("aria-live", "polite");
    const place = make("div", "eow-ask-place");
    const chips = make("div", "eow-ask-chips");
    const form = make("form", "eow-ask-form");
    const input = make("input");
    input.type = "text";
    input.placeholder = "Ask about this area, for example: where was forest lost since 2017?";
    input.setAttribute("aria-label", "Question");
    // JupyterLab uses single keys as notebook commands.
    input.setAttribute("data-lm-suppress-shortcuts", "true");
    input.addEventListener("keydown", (event) => event.stopPropagation());
    const send = make("button", "eow-ask-send", "Ask");
    const save = make("button", "eow-ask-export", "To notebook");
    save.type = "button";
    save.title = "Write this dialogue as a notebook that runs again";
    save.onclick = () => model.send({ type: "export" });
    const report = make("button", "eow-ask-report", "Report");
    report.type = "button";
    report.title = "Write the highlighted answer, or the last one, as a report page to share or print";
    report.onclick = () => model.send({ type: "report" });
    const who = make("select", "eow-ask-who");
    who.setAttribute("aria-label", "Who answers");
    who.title = "Tools that count pixels, or a network that was trained on simulated pictures";
    for (const [value, title] of BRAINS) who.append(new Option(title, value));
    who.onchange = () => {
      model.set("who", who.value);
      model.save_changes();
    };
    const cost = make("span", "eow-ask-cost");
    cost.title = "Pixels of the area or the cube on all its dates; the time is that of earlier questions on this machine";
    form.append(input, who, send, cost, save, report);
    const note = make("div", "eow-ask-note");
    const picture = make("div", "eow-ask-picture");
    el.replaceChildren(picture, log, place, chips, form, note);
    const ended = new AbortController();
    embed(model, picture, ended.signal);

    const ask = (text) => text.trim() && model.send({ type: "ask", text });
    form.onsubmit = (event) => {
      event.preventDefault();
      ask(input.value);
      input.value = "";
    };

    const open = new Set(); // folded parts keep their state when a turn is drawn again
    const view = lights(model, () => drawTurns());
    function drawTurns() {
      for (const details of log.querySelectorAll("details")) {
        (details.open ? open.add(details.dataset.key) : open.delete(details.dataset.key));
      }
      const turns = model.get("turns");
      const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
      const grown = turns.length > log.querySelectorAll(".eow-ask-question").length;
      log.replaceChildren();
      if (!turns.length) log.append(make("p", "eow-ask-empty", "Ask in plain English. Every answer shows its pixels, numbers and code."));
      turns.forEach((turn, number) => {
        const answer = answerOf(turn, number, model, view);
        answer.classList.toggle("eow-ask-lit", model.get("lit") === number);
        answer.querySelectorAll("details").forEach((details, i) => {
          details.dataset.key = `${number} ${i}`;
          details.open = open.has(details.dataset.key);
        });
        log.append(make("div", "eow-ask-question", turn.question), answer);
      });
      if (grown || atEnd) log.scrollTop = log.scrollHeight;
    }
    function drawChips() {
      chips.replaceChildren(
        ...model.get("suggestions").map((text) => {
          const chip = make("button", "eow-ask-chip", text);
          chip.onclick = () => ask(text);
          return chip;
        }),
      );
    }
    function drawNotes() {
      place.textContent = model.get("place");
      cost.textContent = model.get("cost");
      const error = model.get("error");
      note.textContent = error || model.get("note");
      note.className = error ? "eow-ask-note eow-bad" : "eow-ask-note";
      note.setAttribute("role", error ? "alert" : "status");
    }
    function drawWho() {
      who.hidden = !model.get("who"); // the program passed a custom brain
      who.value = model.get("who");
    }
    function drawLit() {
      for (const answer of log.querySelectorAll(".eow-ask-answer")) {
        answer.classList.toggle("eow-ask-lit", Number(answer.dataset.turn) === model.get("lit"));
      }
    }
    const heard = [
      ["change:turns", drawTurns],
      ["change:suggestions", drawChips],
      ["change:lit", drawLit],
      ["change:who", drawWho],
      ["change:place", drawNotes],
      ["change:note", drawNotes],
      ["change:error", drawNotes],
      ["change:cost", drawNotes],
    ];
    for (const [name, f] of heard) model.on(name, f);
    drawTurns();
    drawChips();
    drawNotes();
    drawWho();
    return () => {
      view.stop();
      ended.abort();
      for (const [name, f] of heard) model.off(name, f);
    };
  },
};
