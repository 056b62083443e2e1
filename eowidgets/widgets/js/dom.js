// Small helpers for building the page. Text from data only ever becomes text nodes.

export function h(tag, attrs = {}, ...children) {
  const svg = SVG_TAGS.has(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attrs)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "style") node.style.cssText = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

const SVG_TAGS = new Set(["svg", "g", "rect", "circle", "line", "path", "polyline", "polygon", "text", "title"]);

// JupyterLab handles arrow keys and letters itself unless the focused element opts out.
export const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

export function select(label, options, value, onchange) {
  const node = h("select", { "aria-label": label, title: label, ...OWN_KEYS, class: "eow-select" });
  fillSelect(node, options, value);
  node.addEventListener("change", () => onchange(node.value));
  return node;
}

// options: [value, text] pairs, or [group name, [pairs]]. Hundreds of indices are only rewritten when they change.
export function fillSelect(node, options, value) {
  const text = JSON.stringify(options);
  if (node.filled !== text) {
    node.filled = text;
    const option = ([v, label]) => h("option", { value: v }, label);
    node.replaceChildren(
      ...options.map((o) => (Array.isArray(o[1]) ? h("optgroup", { label: o[0] }, ...o[1].map(option)) : option(o))),
    );
  }
  node.value = value;
}

export function button(label, text, onclick, attrs = {}) {
  return h("button", { type: "button", class: "eow-button", "aria-label": label, title: label, ...OWN_KEYS, onclick, ...attrs }, text);
}

// The box that holds everything of a viewer: in an Explorer the viewer itself has no box.
export const frame = (node) => (node.closest(".eow-explorer") ?? node.closest(".eow-viewer")).getBoundingClientRect();

// Sensible digits: three significant ones, no noise.
export function digits(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  const places = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return String(Number(value.toFixed(places)));
}

// Colours come from users and data: anything else is refused.
export const safeColor = (color) => (CSS.supports("color", color) ? color : "#888888");

// Error box under a widget: one sentence, the details folded. onclose: it was dismissed.
export function errorBox(onclose = () => {}) {
  const text = h("span", { class: "eow-error-text" });
  const details = h("pre", {});
  const fold = h("details", {}, h("summary", {}, "Details"), details);
  const close = button("Dismiss this message", "✕", () => (box.show(""), onclose()), { class: "eow-button eow-error-close" });
  const box = h("div", { class: "eow-error", role: "alert", hidden: true }, close, text, fold);
  box.show = (message, trace) => {
    box.hidden = !message;
    text.textContent = message || "";
    details.textContent = trace || "";
    fold.hidden = !trace;
  };
  return box;
}
