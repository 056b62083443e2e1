// Conversion of a style (traits of the model) to passes of the backend.

const luts = new Map();

// 256 RGBA colours of a colour map, from the base64 of its RGB that came with the head.
export function lut(head, name) {
  const turned = name.endsWith("_r") ? name.slice(0, -2) : `${name}_r`;
  const flip = !head.cmaps[name] && Boolean(head.cmaps[turned]); // the kernel, if there is one, sends it later
  const text = head.cmaps[name] ?? head.cmaps[turned] ?? head.cmaps.viridis;
  const id = flip ? `${text} turned` : text;
  if (!luts.has(id)) {
    const rgb = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const out = new Uint8Array(1024).fill(255);
    for (let i = 0; i < 256; i++) out.set(rgb.subarray(3 * i, 3 * i + 3), 4 * (flip ? 255 - i : i));
    luts.set(id, out);
  }
  return luts.get(id);
}

// Colours of classes; a value without a class is not drawn.
export function classLut(classes) {
  const text = JSON.stringify(classes);
  if (!luts.has(text)) {
    const out = new Uint8Array(1024);
    for (const { value, color } of classes) {
      const n = parseInt(color.slice(1, 7), 16);
      out.set([n >> 16, (n >> 8) & 255, n & 255, color.length === 9 ? parseInt(color.slice(7), 16) : 255], 4 * value);
    }
    luts.set(text, out);
  }
  return luts.get(text);
}

// What is drawn: { kind, bands, glsl, rpn, q, unit, title, classes }. Null where the source cannot show it.
export function subject(source, style) {
  const find = (name) => source.bands.find((b) => b.name === name);
  const index = style.index && source.indices.find((i) => i.name === style.index);
  if (index) {
    const title = index.long_name && index.long_name !== index.name ? `${index.name}, ${index.long_name}` : index.name;
    return { kind: "value", bands: index.bands, glsl: index.glsl, rpn: index.rpn, q: index.q && [index.q], unit: "", title, name: index.name };
  }
  const chosen = style.bands.map(find).filter(Boolean);
  const shown = chosen.length === style.bands.length && chosen.length ? chosen : source.bands.slice(0, 1);
  if (shown.length === 3) {
    const q = shown.every((b) => b.q) ? shown.map((b) => b.q) : null;
    return { kind: "rgb", bands: shown.map((b) => b.name), glsl: "", rpn: [], q, unit: shown[0].unit, title: shown.map((b) => b.name).join(", "), name: shown[0].name };
  }
  const band = shown[0];
  const common = { bands: [band.name], glsl: "b0", rpn: ["b0"], unit: band.unit, title: band.long_name || band.name, name: band.name };
  if (band.classes) return { ...common, kind: "class", q: [[0, 0, 255, 255]], classes: band.classes };
  return { ...common, kind: "value", q: band.q ? [band.q] : null };
}

export function limits(style, q, difference) {
  const auto = q.map(([low, p2, p98, high]) => (style.stretch === "minmax" ? [low, high] : [p2, p98]));
  const low = auto.map(([a]) => style.vmin ?? a);
  const high = auto.map(([, b]) => style.vmax ?? b);
  if (difference && q.length === 1) {
    // A difference is centred on zero: half the range of the values, to both sides.
    const half = (high[0] - low[0]) / 2 || 1e-6;
    return { low: [-half], high: [half] };
  }
  return { low, high: high.map((h, i) => (h > low[i] ? h : low[i] + 1e-6)) };
}

// Pixels of the main grid to pixels of a source: [scale x, scale y, shift x, shift y].
export function gridOf(main, source) {
  const a = main.place;
  const b = source.place;
  if (a.crs !== b.crs) return [main.width ? source.width / main.width : 1, source.height / main.height, 0, 0];
  return [a.dx / b.dx, a.dy / b.dy, (a.x0 - b.x0) / b.dx, (b.y0 - a.y0) / b.dy];
}

const three = (list) => (list.length === 3 ? list : [list[0], list[0], list[0]]);

// One pass, or null until its pixels have arrived. side: { key, t, plane?(band) } and perhaps another to subtract.
export function pass(store, style, side, other, window, clip, above = false) {
  const source = store.source(side.key);
  const what = subject(source, style);
  if (!what.q) return null;
  const planesOf = (s) => what.bands.map((b) => (s.plane ? s.plane(b) : store.plane(s.key, b, window, s.t)));
  const planes = planesOf(side);
  const against = other ? planesOf(other) : null;
  if (planes.some((p) => !p) || against?.some((p) => !p)) return null;
  const [x0, y0, x1, y1, stride] = window.split(",").map(Number);
  // Two cubes side by side are only comparable on one scale: that of the first, if both draw the same quantity.
  const first = subject(store.sources[0], style);
  const same = first.q && first.kind === what.kind && first.bands.join() === what.bands.join();
  const { low, high } = limits(style, same ? first.q : what.q, Boolean(other));
  const maskOf = (s) => (source.mask && !s.plane ? (store.plane(s.key, "clouds", window, s.t) ?? null) : null);
  const mask = maskOf(side);
  for (const plane of [...planes, ...(against ?? [])]) plane.used = store.clock;
  if (mask) mask.used = store.clock;
  const head = store.model.get("head");
  return {
    kind: what.kind,
    glsl: what.glsl,
    rpn: what.rpn,
    planes,
    mask,
    t: side.t,
    other: other ? { planes: against, mask: side.plane ? null : maskOf(other), t: other.t } : null,
    codecs: what.bands.map((b) => [store.band(side.key, b).scale, store.band(side.key, b).offset]),
    grid: gridOf(store.sources[0], source),
    win: { x0, y0, stride },
    size: [Math.ceil((x1 - x0) / stride), Math.ceil((y1 - y0) / stride)],
    low: three(low),
    high: three(high),
    gamma: style.gamma,
    opacity: style.opacity,
    hideClouds: style.clouds === "hide",
    lut: what.classes ? classLut(what.classes) : lut(head, other ? head.diverging : style.cmap),
    clip,
    above,
  };
}
