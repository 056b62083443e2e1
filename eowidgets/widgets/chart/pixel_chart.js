import { errorBox, h } from "./dom.js";
import { Chart } from "./chart.js";

// A chart by itself: the kernel sends the series, pointing at the chart sets the date.

export default {
  render({ model, el }) {
    const error = errorBox(() => {
      if (!model.get("error").message) return;
      model.set("error", { message: "", details: "" });
      model.save_changes();
    });
    const complain = () => error.show(model.get("error").message, model.get("error").details);
    let wait = 0;
    const chart = new Chart({
      onmove: (stamp) => {
        const first = model.get("series")[0];
        if (stamp === null || !first) return;
        let best = 0;
        first.stamps.forEach((s, i) => {
          if (Math.abs(s - stamp) < Math.abs(first.stamps[best] - stamp)) best = i;
        });
        if (first.dates[best] === model.get("date")) return;
        model.set("date", first.dates[best]);
        clearTimeout(wait);
        wait = setTimeout(() => model.save_changes(), 120); // only the date at which the pointer stops
      },
    });
    const root = h("div", { class: "eow-viewer eow-pixel-chart" }, chart.element, error);
    const numbers = (list) => list?.map((v) => v ?? NaN);
    const draw = () => {
      const series = [...model.get("series"), ...model.get("forecasts")].map((s) => ({ ...s, values: numbers(s.values), low: numbers(s.low), high: numbers(s.high) }));
      for (const s of series) s.fan &&= s.fan.map((b) => ({ low: numbers(b.low), high: numbers(b.high) }));
      chart.show(series, { title: model.get("title"), unit: model.get("unit"), marks: model.get("marks") });
    };
    const redate = () => {
      const stamp = Date.parse(model.get("date"));
      if (Number.isFinite(stamp)) chart.cursor(stamp);
    };
    chart.element.style.height = `${model.get("height")}px`;
    const redrawn = ["change:series", "change:forecasts", "change:marks"];
    for (const name of redrawn) model.on(name, draw);
    model.on("change:date", redate);
    model.on("change:error", complain);
    el.append(root);
    draw();
    redate();
    complain();
    return () => {
      for (const name of redrawn) model.off(name, draw);
      model.off("change:date", redate);
      model.off("change:error", complain);
      chart.close();
    };
  },
};
