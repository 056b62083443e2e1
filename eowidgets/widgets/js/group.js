import { shared } from "./store.js";

// Widgets of one group follow each other in the browser immediately; the widget that the user changed informs the
// kernel when the changes stop.

const NAMES = ["date", "bands", "index", "vmin", "vmax", "stretch", "gamma", "cmap", "clouds"];

export function join(model) {
  const groups = (shared().groups ??= new Map());
  let members = null;
  const leave = () => members?.delete(model);
  const enter = () => {
    leave();
    const id = model.get("group");
    if (!id) return;
    if (!groups.has(id)) groups.set(id, new Set());
    members = groups.get(id).add(model);
  };
  const tell = (name) => () => {
    for (const other of members ?? []) {
      if (other !== model && other.get(name) !== model.get(name)) other.set(name, model.get(name));
    }
  };
  const events = [["change:group", enter], ...NAMES.map((name) => [`change:${name}`, tell(name)])];
  for (const [name, f] of events) model.on(name, f);
  enter();
  return () => {
    leave();
    for (const [name, f] of events) model.off(name, f);
  };
}
