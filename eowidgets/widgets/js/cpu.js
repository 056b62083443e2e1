// The same pictures without WebGL2: typed arrays and a 2-D canvas. Slower, with equal results.

export class CpuBackend {
  constructor() {
    this.kind = "canvas";
    this.software = true;
    this.onrestored = new Set();
    this.lost = false;
    this.bytes = 0;
    this.generation = 1;
    this.maxSize = Infinity;
  }

  plane(width, height, dates, bits) {
    const data = new (bits === 16 ? Uint16Array : Uint8Array)(width * height * dates);
    this.bytes += data.byteLength;
    return { data, width, height, dates, bits, have: new Uint8Array(dates) };
  }

  free(plane) {
    this.bytes -= plane.data.byteLength;
    plane.data = plane.data.subarray(0, 0);
  }

  upload(plane, t, y, height, data, x = 0, width = plane.width) {
    for (let row = 0; row < height; row++) {
      const at = (t * plane.height + y + row) * plane.width + x;
      plane.data.set(data.subarray(row * width, (row + 1) * width), at);
    }
  }

  column(plane, x, y) {
    return Uint16Array.from({ length: plane.dates }, (_, t) => plane.data[(t * plane.height + y) * plane.width + x]);
  }

  box(plane, t, x, y, width, height) {
    const out = new Uint16Array(width * height);
    for (let row = 0; row < height; row++) {
      const at = (t * plane.height + y + row) * plane.width + x;
      out.set(plane.data.subarray(at, at + width), row * width);
    }
    return out;
  }

  median(target, plane, mask, first, last, y, height) {
    const size = plane.width * plane.height;
    const seen = [];
    for (let i = y * plane.width; i < (y + height) * plane.width; i++) {
      seen.length = 0;
      for (let t = first; t <= last; t++) {
        const code = plane.data[t * size + i];
        if (code && !(mask && cloudAt(mask, t, i % plane.width, Math.floor(i / plane.width)))) seen.push(code);
      }
      seen.sort((a, b) => a - b);
      const n = seen.length;
      target.data[i] = n ? Math.floor((seen[(n - 1) >> 1] + seen[n >> 1] + 1) / 2) : 0;
    }
  }

  draw(target, view, [width, height], passes) {
    target.clearRect(0, 0, width, height);
    for (const pass of passes) {
      const [cx, cy, cw, ch] = (pass.clip ?? [0, 0, width, height]).map(Math.round);
      if (cw <= 0 || ch <= 0) continue;
      const image = target.getImageData(cx, cy, cw, ch);
      this.pass(pass, view, image, cx, cy);
      target.putImageData(image, cx, cy);
    }
    return true;
  }

  pass(pass, view, image, cx, cy) {
    const { width, height, data } = image;
    for (let row = 0; row < height; row++) {
      const y = Math.floor(((view.y + (cy + row + 0.5) * view.step) * pass.grid[1] + pass.grid[3] - pass.win.y0) / pass.win.stride);
      if (y < 0 || y >= pass.size[1]) continue;
      for (let column = 0; column < width; column++) {
        const x = Math.floor(((view.x + (cx + column + 0.5) * view.step) * pass.grid[0] + pass.grid[2] - pass.win.x0) / pass.win.stride);
        if (x < 0 || x >= pass.size[0]) continue;
        const color = colour(pass, x, y);
        if (!color) continue;
        const at = 4 * (row * width + column);
        const a = color[3];
        for (let c = 0; c < 3; c++) data[at + c] = Math.round(255 * color[c] * a + data[at + c] * (1 - a));
        data[at + 3] = Math.round(255 * a + data[at + 3] * (1 - a));
      }
    }
  }
}

function cloudAt(mask, t, x, y) {
  return (mask.data[((mask.dates === 1 ? 0 : t) * mask.height + y) * mask.width + (x >> 3)] >> (7 - (x & 7))) & 1;
}

function values(part, codecs, x, y) {
  const out = [];
  for (let i = 0; i < part.planes.length; i++) {
    const plane = part.planes[i];
    const code = plane.data[((plane.dates === 1 ? 0 : part.t) * plane.height + y) * plane.width + x];
    if (!code) return null;
    out.push((code - 1) * codecs[i][0] + codecs[i][1]);
  }
  return out;
}

function colour(pass, x, y) {
  if (pass.hideClouds && pass.mask && cloudAt(pass.mask, pass.t, x, y)) return null;
  if (pass.hideClouds && pass.other?.mask && cloudAt(pass.other.mask, pass.other.t, x, y)) return null;
  const a = values(pass, pass.codecs, x, y);
  const b = pass.other ? values(pass.other, pass.codecs, x, y) : null;
  if (!a || (pass.other && !b)) return null;
  const bend = (u) => (pass.gamma === 1 ? u : u ** (1 / pass.gamma));
  const unit = (v, i) => Math.min(1, Math.max(0, (v - pass.low[i]) / (pass.high[i] - pass.low[i])));
  if (pass.kind === "rgb") {
    const side = (i) => Math.min(1, Math.max(-1, (a[i] - b[i]) / (pass.high[i] - pass.low[i])));
    return [0, 1, 2].map((i) => (b ? 0.5 + 0.5 * side(i) : bend(unit(a[i], i)))).concat(pass.opacity);
  }
  const v = evaluate(pass.rpn, a) - (b ? evaluate(pass.rpn, b) : 0);
  if (!(Math.abs(v) < 1e30)) return null;
  const at = pass.kind === "class" ? Math.floor(v + 0.5) : Math.floor(bend(unit(v, 0)) * 255 + 0.5);
  if (at < 0 || at > 255) return null;
  const q = pass.lut.subarray(4 * at, 4 * at + 4);
  return [q[0] / 255, q[1] / 255, q[2] / 255, (q[3] / 255) * pass.opacity];
}

const OPERATIONS = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => (b === 0 ? NaN : a / b),
  "^": (a, b) => a ** b,
};
const FUNCTIONS = { neg: (a) => -a, exp: Math.exp, abs: Math.abs, sqrt: Math.sqrt, log: Math.log };

const compiled = new WeakMap();

// A formula in postfix form over the values b of a pixel; NaN where it has no value.
export function evaluate(rpn, b) {
  if (!compiled.has(rpn)) compiled.set(rpn, compile(rpn));
  return compiled.get(rpn)(b);
}

// Closures, not an interpreter: a picture has millions of pixels.
function compile(rpn) {
  const stack = [];
  for (const step of rpn) {
    if (typeof step === "number") stack.push(() => step);
    else if (/^b\d+$/.test(step)) {
      const i = Number(step.slice(1));
      stack.push((b) => b[i]);
    } else if (step in FUNCTIONS) {
      const [f, a] = [FUNCTIONS[step], stack.pop()];
      stack.push((b) => f(a(b)));
    } else {
      const [f, right, left] = [OPERATIONS[step], stack.pop(), stack.pop()];
      stack.push((b) => f(left(b), right(b)));
    }
  }
  return stack[0];
}
