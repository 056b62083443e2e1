// A polygon or a line as it is drawn, corner by corner: the first corner again, or the last one twice, finishes it.

const NEAR = 8; // pixels of the screen
const HOW = "Click the corners. The first one again, a double-click or Enter twice finishes; Escape cancels.";

export class Polygon {
  // toScreen: from pixels of the cube to pixels of the screen. ondone(corners); onchange(): something to draw has changed;
  // least: corners that it has at the end.
  constructor(toScreen, { ondone, onchange, least = 3, words = HOW }) {
    Object.assign(this, { toScreen, ondone, onchange, least, words });
    this.corners = null;
    this.pointer = null;
  }

  get on() {
    return this.corners !== null;
  }

  start() {
    this.corners = [];
    this.pointer = null;
    this.onchange();
  }

  add(corner) {
    const [first, last] = [this.corners[0], this.corners.at(-1)];
    if (last && this.near(corner, last)) return this.corners.length >= this.least ? this.finish() : undefined;
    if (this.corners.length > 2 && this.near(corner, first)) {
      if (this.least < 3) this.corners.push(first); // a line that ends where it began
      return this.finish();
    }
    this.corners.push(corner);
    return this.onchange();
  }

  point(at) {
    this.pointer = at;
    this.onchange();
  }

  undo() {
    this.corners.pop();
    this.onchange();
  }

  // A shape with too few corners has no size, and is dropped.
  finish() {
    const corners = this.corners;
    this.cancel();
    if (corners.length >= this.least) this.ondone(corners);
  }

  cancel() {
    this.corners = null;
    this.pointer = null;
    this.onchange();
  }

  near(a, b) {
    const [[ax, ay], [bx, by]] = [this.toScreen(a), this.toScreen(b)];
    return Math.hypot(ax - bx, ay - by) < NEAR;
  }

  get hint() {
    return this.on ? this.words : "";
  }
}
