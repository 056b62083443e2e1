import { h, safeColor } from "./dom.js";

// The overlay of the picture: areas and the polygon being drawn, pins, swipe handle, scale bar, north arrow.

export function overlay(picture) {
  const { clientWidth: width, clientHeight: height } = picture.element;
  return [...areas(picture), ...measured(picture), ...pins(picture), ...swipe(picture, width, height), ...furniture(picture, width, height)];
}

function areas(picture) {
  const { state, ground } = picture;
  const parts = state.areas(ground).map(({ rings, color }) => {
    const d = rings.map((ring) => `M${line(picture, ring)}Z`).join("");
    return h("path", { d, fill: safeColor(color), stroke: safeColor(color), class: "eow-area" });
  });
  if (picture.drawing) {
    const [[ax, ay], [bx, by]] = picture.drawing;
    parts.push(h("polygon", { points: line(picture, [[ax, ay], [bx, ay], [bx, by], [ax, by]]), class: "eow-drawn" }));
  }
  const { corners, pointer } = picture.tool ?? {};
  if (corners?.length) {
    parts.push(h(picture.tool === picture.polygon ? "polygon" : "polyline", { points: line(picture, pointer ? [...corners, pointer] : corners), class: "eow-drawn" }));
    corners.forEach((corner, i) => {
      const [cx, cy] = picture.toScreen(corner);
      parts.push(h("circle", { cx, cy, r: i ? 3.5 : 6, class: "eow-corner" }));
    });
  }
  return parts;
}

function pins(picture) {
  return picture.state.pixels(picture.ground).map((pin) => {
    const [cx, cy] = picture.toScreen([pin.x, pin.y]);
    const dot = h("circle", { cx, cy, r: 6, fill: safeColor(pin.color), class: "eow-pin" });
    return pin.name ? h("g", {}, dot, h("text", { x: cx + 10, y: cy + 4, class: "eow-half" }, pin.name)) : dot;
  });
}

// The measured line, and the place on it under the pointer in its profile.
function measured(picture) {
  const { measure } = picture;
  if (!measure || measure.tool.on || measure.line.length < 2) return [];
  const parts = [h("polyline", { points: line(picture, measure.line), class: "eow-measured" })];
  if (measure.at) {
    const [cx, cy] = picture.toScreen(measure.at);
    parts.push(h("circle", { cx, cy, r: 5, class: "eow-corner" }));
  }
  return parts;
}

function swipe(picture, width, height) {
  const { compare, selection } = picture.state;
  if (compare.mode !== "swipe" || selection) return [];
  const x = width * compare.position;
  const { state, store, main } = picture;
  const other = compare.key && compare.key !== main.key ? store.source(compare.key)?.title || compare.key : state.label(compare.t);
  const label = (text, at, anchor) => h("text", { x: at, y: height - 30, class: "eow-half", "text-anchor": anchor }, text);
  return [
    h("line", { x1: x, x2: x, y1: 0, y2: height, class: "eow-swipe" }),
    h("circle", { cx: x, cy: height / 2, r: 10, class: "eow-swipe-knob" }),
    label(state.label(state.t), x - 8, "end"),
    label(other, x + 8, "start"),
  ];
}

function furniture(picture, width, height) {
  const { ground, main, view } = picture;
  const parts = [];
  const bar = ground.scaleBar(view.step * (window.devicePixelRatio || 1), Math.min(140, width / 3));
  if (bar) {
    const [length, text] = bar;
    parts.push(
      h("path", { d: `M12 ${height - 18}v6h${length.toFixed(1)}v-6`, class: "eow-scale" }),
      h("text", { x: 12 + length / 2, y: height - 18, class: "eow-scale-text", "text-anchor": "middle" }, text),
    );
  }
  if (ground.known) {
    parts.push(h("path", { d: "M0 -12L5 6L0 2L-5 6Z", class: "eow-north", transform: `translate(${width - 18} ${height - 44}) rotate(${main.place.north.toFixed(1)})` }));
    parts.push(h("text", { x: width - 18, y: height - 20, class: "eow-scale-text", "text-anchor": "middle" }, "N"));
  }
  parts.push(h("path", { d: `M${width / 2 - 8} ${height / 2}h16M${width / 2} ${height / 2 - 8}v16`, class: "eow-middle" }));
  return parts;
}

const line = (picture, points) =>
  points.map((p) => picture.toScreen(p)).map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
