import { button, h, OWN_KEYS, safeColor } from "./dom.js";

// Classes with their colours and keys. The keys work with the focus anywhere in the panel, except while a name is typed.

const ERASER = -1;
const TEACH_KEYS = { u: "undo", l: "next", m: "more", Enter: "label" };

export default {
  render({ model, el }) {
    const list = h("div", { class: "eow-teach-classes", role: "radiogroup", "aria-label": "Class that a click labels" });
    const say = (type, more = {}) => model.send({ type, ...more });
    const nameOf = () => model.get("rows")[model.get("chosen")]?.name;
    const choose = (number) => {
      model.set("chosen", number);
      model.save_changes();
    };

    // A field in place of a row or below the list; Enter accepts the text, Escape cancels.
    const ask = (label, value, done) => {
      const field = h("input", { type: "text", class: "eow-teach-name-field", "aria-label": label, placeholder: label, maxlength: 80, ...OWN_KEYS });
      field.value = value;
      let over = false;
      const end = (take) => {
        if (over) return;
        over = true;
        const text = field.value.trim();
        draw();
        list.querySelector("[aria-checked=true]")?.focus();
        if (take && text && text !== value) done(text);
      };
      field.addEventListener("keydown", (event) => {
        event.stopPropagation();
        if (event.key === "Enter") end(true);
        else if (event.key === "Escape") end(false);
      });
      field.addEventListener("blur", () => end(true));
      return field;
    };
    const rename = () => {
      const row = list.querySelector("[aria-checked=true]");
      const name = nameOf();
      if (!row || name === undefined) return;
      const field = ask("New name of the class", name, (text) => say("rename", { name, to: text }));
      row.parentElement.replaceWith(field);
      field.focus();
      field.select();
    };
    const add = () => {
      const field = ask("Name of the new class", "", (text) => say("add", { name: text }));
      list.append(field);
      field.focus();
    };

    const swatch = ({ name, color }) => {
      const picker = h("input", { type: "color", class: "eow-teach-color", "aria-label": `Colour of ${name}`, title: "Colour", ...OWN_KEYS, onchange: () => say("color", { name, color: picker.value }) });
      picker.value = safeColor(color);
      return picker;
    };
    const line = (row, number) => {
      const on = model.get("chosen") === number;
      const choice = h(
        "div",
        { class: "eow-teach-class", role: "radio", "aria-checked": String(on), "aria-label": `${row.name}, ${row.count} labels`, tabindex: on ? 0 : -1, ...OWN_KEYS, onclick: () => choose(number), ondblclick: () => (choose(number), rename()) },
        h("span", { class: "eow-teach-class-name" }, row.name),
        h("span", { class: "eow-teach-count", title: "Labels" }, number === ERASER ? "" : String(row.count)),
        h("kbd", {}, number === ERASER ? "0" : number < 9 ? String(number + 1) : ""),
      );
      return h("div", { class: on ? "eow-teach-row on" : "eow-teach-row" }, number === ERASER ? h("span", { class: "eow-teach-eraser", "aria-hidden": "true" }, "⌫") : swatch(row), choice);
    };
    const addButton = button("Add a class", "+ Class", add);
    const renameButton = button("Rename the chosen class", "Rename", rename);
    const removeButton = button("Remove the chosen class and its labels", "Remove", () => say("remove", { name: nameOf() }));
    const merge = h("select", { class: "eow-select", "aria-label": "Merge the chosen class into another", title: "Merge the chosen class into another", ...OWN_KEYS, onchange: () => {
      const into = merge.value;
      merge.value = "";
      if (into) say("merge", { name: nameOf(), into });
    } });
    const tools = h("div", { class: "eow-teach-tools" }, addButton, renameButton, merge, removeButton);

    function draw() {
      const rows = model.get("rows");
      const focused = list.contains(document.activeElement) && document.activeElement.getAttribute("role") === "radio";
      list.replaceChildren(...rows.map(line), line({ name: "Erase a label", count: 0, color: "#888888" }, ERASER));
      if (focused) list.querySelector("[aria-checked=true]")?.focus();
      const chosen = nameOf();
      const others = rows.filter((row) => row.name !== chosen);
      merge.replaceChildren(h("option", { value: "" }, "Merge …"), ...others.map((row) => h("option", { value: row.name }, row.name)));
      renameButton.disabled = chosen === undefined;
      removeButton.disabled = merge.disabled = chosen === undefined || rows.length < 2;
    }

    const step = (by) => {
      const order = [...model.get("rows").keys(), ERASER];
      choose(order[(order.indexOf(model.get("chosen")) + by + order.length) % order.length]);
    };
    const onkey = (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName)) return;
      if (event.key === "Enter" && event.target.getAttribute("role") !== "radio") return; // a button keeps it
      const inList = list.contains(event.target);
      const digit = /^[0-9]$/.test(event.key) ? Number(event.key) : null;
      if (digit !== null && digit <= model.get("rows").length) choose(digit - 1);
      else if (inList && ["ArrowDown", "ArrowRight"].includes(event.key)) step(1);
      else if (inList && ["ArrowUp", "ArrowLeft"].includes(event.key)) step(-1);
      else if (inList && event.key === "F2") rename();
      else if (TEACH_KEYS[event.key]) say(TEACH_KEYS[event.key]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    // JupyterLab looks for the attribute before this page's handlers run; with Control held it keeps its shortcuts, such as saving.
    let panel = null;
    const modifier = (event) => {
      if (panel && ["Control", "Meta"].includes(event.key)) panel.toggleAttribute("data-lm-suppress-shortcuts", event.type === "keyup");
    };
    const attach = () => {
      panel = el.closest(".eow-teach-panel") ?? el;
      panel.setAttribute("data-lm-suppress-shortcuts", "");
      panel.addEventListener("keydown", onkey);
      for (const name of ["keydown", "keyup"]) window.addEventListener(name, modifier, true);
    };
    const heard = ["change:rows", "change:chosen"];
    for (const name of heard) model.on(name, draw);
    el.append(list, tools);
    draw();
    const frame = requestAnimationFrame(attach);
    return () => {
      cancelAnimationFrame(frame);
      panel?.removeEventListener("keydown", onkey);
      for (const name of ["keydown", "keyup"]) window.removeEventListener(name, modifier, true);
      for (const name of heard) model.off(name, draw);
    };
  },
};
