// Mouse, pen and fingers on the picture. Drag pans, the wheel and two fingers zoom, a click or tap pins, shift and drag draws a
// rectangle, a drag of the divider moves the swipe; while a shape is drawn, a click adds a corner.

const FAR = { mouse: 4, pen: 6, touch: 10 }; // pixels of the screen that a click may move
const DIVIDER = { mouse: 12, pen: 16, touch: 26 }; // pixels of the screen around the divider
const DOUBLE = 500; // ms within which a double-click has ended what was drawn

export class Gestures {
  constructor(picture) {
    this.picture = picture;
    this.fingers = new Map();
    const { element } = picture;
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    element.addEventListener("dblclick", (event) => this.whole(event));
    element.addEventListener("pointerleave", (event) => event.pointerType === "touch" || picture.onhover(null));
    element.addEventListener("pointermove", (event) => this.hover(event));
    element.addEventListener("pointerdown", (event) => this.press(event));
    this.move = (event) => this.moved(event);
    this.up = (event) => this.lifted(event);
    this.gone = (event) => this.cancel(event);
  }

  listen(on) {
    const f = on ? "addEventListener" : "removeEventListener";
    window[f]("pointermove", this.move);
    window[f]("pointerup", this.up);
    window[f]("pointercancel", this.gone);
  }

  close() {
    this.listen(false);
  }

  hover(event) {
    const { picture } = this;
    if (!picture.view) return;
    picture.onhover(picture.toPixel(event));
    picture.tool?.point(picture.toPixel(event));
  }

  // Place on the canvas, in its own pixels.
  at({ clientX, clientY }) {
    const box = this.picture.canvas.getBoundingClientRect();
    const scale = this.picture.canvas.width / box.width;
    return [(clientX - box.left) * scale, (clientY - box.top) * scale];
  }

  wheel(event) {
    event.preventDefault();
    this.picture.zoom(2 ** (-event.deltaY / 240), ...this.at(event));
  }

  whole(event) {
    const { picture } = this;
    if (picture.tool || performance.now() - this.finished < DOUBLE) return;
    event.preventDefault();
    picture.fit();
    picture.moved();
  }

  press(event) {
    const { picture } = this;
    if (event.button !== 0 || !picture.view) return;
    if (!this.fingers.size) this.listen(true);
    this.fingers.set(event.pointerId, this.at(event));
    if (this.fingers.size > 1) return this.pinch();
    picture.element.focus({ preventScroll: true });
    this.drag = { mode: this.mode(event), kind: event.pointerType in FAR ? event.pointerType : "mouse", start: picture.toPixel(event), origin: { ...picture.view }, from: [event.clientX, event.clientY], scale: picture.canvas.width / picture.canvas.getBoundingClientRect().width, far: false };
    return undefined;
  }

  mode(event) {
    const { picture } = this;
    const box = picture.canvas.getBoundingClientRect();
    const { compare } = picture.state;
    const reach = DIVIDER[event.pointerType] ?? DIVIDER.mouse;
    if (!picture.tool && compare.mode === "swipe" && Math.abs(event.clientX - box.left - box.width * compare.position) < reach) return "swipe";
    return event.shiftKey && !picture.tool ? "area" : "pan";
  }

  // Two fingers: the ground between them stays between them. A drag that they interrupt is ended.
  pinch() {
    const [a, b] = [...this.fingers.values()];
    const { view } = this.picture;
    const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    this.drag = null;
    this.picture.drawing = null;
    this.pinched = { apart: Math.hypot(a[0] - b[0], a[1] - b[1]) || 1, step: view.step, ground: [view.x + middle[0] * view.step, view.y + middle[1] * view.step] };
  }

  pinching() {
    const { picture, pinched } = this;
    const [a, b] = [...this.fingers.values()];
    const [x, y] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    picture.zoom((picture.view.step / pinched.step) * (Math.hypot(a[0] - b[0], a[1] - b[1]) / pinched.apart), x, y);
    picture.view.x = pinched.ground[0] - x * picture.view.step;
    picture.view.y = pinched.ground[1] - y * picture.view.step;
    picture.redraw();
  }

  moved(event) {
    if (!this.fingers.has(event.pointerId)) return;
    this.fingers.set(event.pointerId, this.at(event));
    if (this.pinched && this.fingers.size > 1) this.pinching();
    else if (this.drag) this.dragged(event);
  }

  dragged(event) {
    const { picture, drag } = this;
    const [dx, dy] = [event.clientX - drag.from[0], event.clientY - drag.from[1]];
    drag.far ||= Math.hypot(dx, dy) > FAR[drag.kind];
    if (!drag.far) return;
    if (drag.mode === "swipe") {
      const box = picture.canvas.getBoundingClientRect();
      picture.state.swipe(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
    } else if (drag.mode === "area") picture.drawing = [drag.start, picture.toPixel(event)];
    else {
      picture.view.x = drag.origin.x - dx * drag.scale * drag.origin.step;
      picture.view.y = drag.origin.y - dy * drag.scale * drag.origin.step;
      picture.fitted = false;
    }
    picture.redraw();
  }

  lifted(event) {
    const { picture, drag } = this;
    if (!this.leave(event)) return;
    if (!drag) return;
    if (drag.mode === "area" && drag.far) picture.onarea(rectangle(drag.start, picture.toPixel(event)));
    else if (drag.mode === "pan" && drag.far) picture.moved();
    else if (drag.mode === "pan") {
      const drawing = Boolean(picture.tool);
      picture.click(drag.start);
      if (drawing && !picture.tool) this.finished = performance.now();
      if (drag.kind === "touch") picture.onhover(drag.start); // there is no pointer that rests there
    }
    picture.drawing = null;
    picture.redraw();
  }

  cancel(event) {
    if (!this.leave(event)) return;
    this.picture.drawing = null;
    this.picture.redraw();
  }

  // Whether the last finger was lifted. One that stays after a pinch is ignored until it is lifted as well.
  leave(event) {
    if (!this.fingers.delete(event.pointerId) || this.fingers.size) return false;
    this.listen(false);
    this.drag = null;
    if (this.pinched) this.picture.moved();
    this.pinched = null;
    return true;
  }
}

export const rectangle = ([ax, ay], [bx, by]) => [[ax, ay], [ax, by], [bx, by], [bx, ay]];
