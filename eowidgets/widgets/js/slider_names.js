// The handles of ipywidgets' sliders have no name for a screen reader: they get that of their slider.

export function nameSliders(element) {
  const box = element.closest(".eow-explorer, .eow-model-panel");
  if (!box) return () => {};
  const name = () => {
    for (const handle of box.querySelectorAll(".noUi-handle:not([aria-label])")) {
      const slider = handle.closest(".jupyter-widgets");
      const text = slider?.querySelector("label, .widget-label")?.textContent.trim() || slider?.title || slider?.querySelector("[title]")?.title;
      const two = slider?.querySelectorAll(".noUi-handle").length > 1;
      const ends = two ? [", from", ", to"][Number(handle.dataset.handle)] : "";
      handle.setAttribute("aria-label", `${text || "Value"}${ends}`);
    }
  };
  const watcher = new MutationObserver(name);
  watcher.observe(box, { childList: true, subtree: true });
  name();
  return () => watcher.disconnect();
}
