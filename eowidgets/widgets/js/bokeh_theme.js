// Colours of a Bokeh figure on a dark page. They replace Bokeh's defaults only, and keep the user's choices.

export const isDark = () => {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  return jpThemeLight === "false" || Boolean(vscodeThemeKind?.includes("dark") || vscodeThemeKind === "vscode-high-contrast");
};

// Calls back when the page turns dark or light; returns a function that ends this.
export function onTheme(callback) {
  let dark = isDark();
  const observer = new MutationObserver(() => {
    if (isDark() === dark) return;
    dark = isDark();
    callback();
  });
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
  return () => observer.disconnect();
}

// An item of bokeh.embed.json_item holds only what differs from the defaults, so what is absent may be set.
export function themed(item, element) {
  const style = getComputedStyle(element);
  const color = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const text = color("--jp-ui-font-color1", "#e0e0e0");
  const weak = color("--jp-border-color1", "#616161");
  const paper = color("--jp-layout-color0", "#111111");
  const axis = { axis_label_text_color: text, major_label_text_color: text, axis_line_color: weak, major_tick_line_color: weak, minor_tick_line_color: weak };
  const plot = { background_fill_color: paper, border_fill_color: paper, outline_line_color: weak };
  const colors = {
    Figure: plot,
    Plot: plot,
    Title: { text_color: text },
    Grid: { grid_line_color: color("--jp-border-color2", "#424242") },
    Legend: { background_fill_color: paper, border_line_color: weak, label_text_color: text, title_text_color: text },
    DataTable: { styles: { type: "map", entries: [["background", "#ffffff"], ["color", "#222222"]] } }, // its rows are white
    ColorBar: { background_fill_color: paper, major_label_text_color: text, title_text_color: text },
  };
  const visit = (node) => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (node === null || typeof node !== "object") return;
    const own = colors[node.name] ?? (node.name?.endsWith?.("Axis") ? axis : null);
    if (node.type === "object" && own) node.attributes = { ...own, ...node.attributes };
    Object.values(node).forEach(visit);
  };
  visit(item.doc.roots);
  return item;
}
