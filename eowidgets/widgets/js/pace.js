// Without a GPU a full picture takes longer than a frame: during fast steps dates are drawn at half the resolution,
// and the full one follows at rest.

const SLOW = 14; // ms
const REFINE = 140; // ms after the last step

export class Pace {
  constructor(refine) {
    this.refine = refine;
    this.cost = 0;
    this.last = -Infinity;
  }

  close() {
    clearTimeout(this.timer);
  }

  // By how much to shrink the picture that is about to be drawn. stepped: nothing but the date has changed.
  rough(stepped) {
    const now = performance.now();
    const again = stepped && now - this.last < REFINE;
    if (stepped) this.last = now;
    clearTimeout(this.timer);
    if (!again || this.cost <= SLOW) return 1;
    this.timer = setTimeout(this.refine, REFINE);
    return 2;
  }

  // Moving average of the time of a full draw; draws at half size are not included.
  took(ms, rough) {
    if (rough === 1) this.cost = 0.7 * this.cost + 0.3 * ms;
  }
}
