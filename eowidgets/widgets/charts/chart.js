import { bokeh } from "./bokeh.js";
import { inflate } from "./inflate.js";
import { errorBox, h, OWN_KEYS } from "./dom.js";
import { isDark, onTheme, themed } from "./bokeh_theme.js";

// A chart of Bokeh. Until it is drawn, or if no kernel can send BokehJS, its text is shown instead.

export default {
  render({ model, el }) {
    const error = errorBox(() => {
      if (!model.get("error").message) return;
      model.set("error", { message: "", details: "" });
      model.save_changes();
    });
    const text = h("div", { class: "eow-bokeh-text" });
    const plot = h("div", { class: "eow-bokeh-plot" });
    const sliders = h("div", { class: "eow-bokeh-sliders" });
    const root = h("div", { class: "eow-bokeh", role: "figure" }, text, plot, sliders, error);
    let turn = 0;
    let shown = null;
    let busy = false;
    const complain = () => {
      error.show(model.get("error").message, model.get("error").details);
      busy = false; // the kernel has answered, though without a frame
    };

    const draw = async () => {
      const mine = ++turn;
      text.textContent = model.get("text");
      root.setAttribute("aria-label", model.get("text"));
      // The new frame is drawn out of sight first: the old one stays until then.
      const element = h("div", { class: "eow-bokeh-next" });
      let next;
      try {
        const Bokeh = await bokeh(model);
        const item = JSON.parse(new TextDecoder().decode(await inflate(model.get("item"))));
        if (mine !== turn) return;
        plot.append(element);
        const views = await Bokeh.embed.embed_item(isDark() ? themed(item, root) : item, element);
        next = { Bokeh, element, views };
      } catch (problem) {
        element.remove();
        if (mine === turn) error.show("The chart could not be drawn in this browser.", String(problem?.stack ?? problem));
        return;
      }
      if (mine !== turn) return discard(next);
      discard(shown);
      shown = next;
      element.classList.remove("eow-bokeh-next");
      text.hidden = true;
      root.dataset.drawn = model.get("text");
    };

    // One request at a time: if the kernel is slower than the user, intermediate frames are skipped.
    const inputs = model.get("sliders").map(({ name, labels }, i) => {
      const value = h("output", {}, labels[model.get("positions")[i]]);
      const input = h("input", { type: "range", min: 0, max: labels.length - 1, "aria-label": name, ...OWN_KEYS });
      input.value = model.get("positions")[i];
      input.addEventListener("input", () => {
        value.textContent = labels[input.value];
        input.setAttribute("aria-valuetext", labels[input.value]);
        ask();
      });
      sliders.append(h("span", {}, name), input, value);
      return { input, value, labels };
    });
    const ask = () => {
      const wanted = inputs.map(({ input }) => Number(input.value));
      if (busy || wanted.join() === model.get("positions").join()) return;
      busy = true;
      model.set("positions", wanted);
      model.save_changes();
    };
    const answered = () => {
      busy = false;
      draw();
      ask();
    };
    const moved = () => {
      if (busy) return; // a slider that is being moved is not reset
      inputs.forEach(({ input, value, labels }, i) => {
        input.value = model.get("positions")[i];
        value.textContent = labels[input.value];
      });
    };

    model.on("change:item", answered);
    model.on("change:positions", moved);
    model.on("change:error", complain);
    const offTheme = onTheme(draw);
    el.append(root);
    draw();
    complain();
    return () => {
      turn++;
      offTheme();
      model.off("change:item", answered);
      model.off("change:positions", moved);
      model.off("change:error", complain);
      discard(shown);
    };
  },
};

// Without this, Bokeh keeps every document that it has drawn.
function discard(drawn) {
  if (!drawn) return;
  const { Bokeh, element, views } = drawn;
  const documents = new Set([...views].map((view) => view.model.document));
  views.clear();
  element.remove();
  for (const document of documents) {
    const index = Bokeh.documents.indexOf(document);
    if (index >= 0) Bokeh.documents.splice(index, 1);
  }
}
