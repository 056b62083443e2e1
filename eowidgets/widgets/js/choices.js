// Groups of choices for the picture of a cube: favourites, mixes, bands, and every index by its purpose.

const named = (name) => name.charAt(0).toUpperCase() + name.slice(1);

// [group name, [{ value, name, text, use, star }]]; favourites are listed first and not again below.
export function choices(source, head, favourites) {
  const has = (mix) => mix.every((b) => source.bands.some((o) => o.name === b));
  const mixes = Object.entries(head.composites).filter(([, mix]) => has(mix));
  const index = (i) => ({ value: `index:${i.name}`, name: i.name, text: i.long_name === i.name ? "" : i.long_name, use: i.use ?? "", star: favourites.includes(i.name) });
  const starred = favourites.map((name) => source.indices.find((i) => i.name === name)).filter(Boolean);
  const others = source.indices.filter((i) => !favourites.includes(i.name));
  const domains = [...new Set(others.map((i) => i.domain ?? ""))];
  return [
    ["Mixes of bands", mixes.map(([name, mix]) => ({ value: `bands:${mix.join(",")}`, name, text: mix.join(", "), use: "" }))],
    ["Favourite indices", starred.map(index)],
    ["Bands", source.bands.map((b) => ({ value: `bands:${b.name}`, name: b.name, text: b.long_name === b.name ? "" : b.long_name, use: b.unit }))],
    ...domains.map((domain) => [domain ? `Indices: ${domain}` : "Formulas", others.filter((i) => (i.domain ?? "") === domain).map(index)]),
  ].map(([name, items]) => [named(name), items]).filter(([, items]) => items.length);
}

// A typed formula over names of bands, as a choice; null if the text is not a formula.
export function formula(text, source) {
  const words = text.match(/[A-Za-z_]\w*/g) ?? [];
  const known = (w) => source.bands.some((b) => b.name === w) || ["sqrt", "exp", "log", "abs"].includes(w) || /^[A-Z]\w?\d*$/.test(w);
  return /[-+*/]/.test(text) && words.length && words.every(known) ? { value: `index:${text}`, name: text, text: "a formula of your own", use: "" } : null;
}
