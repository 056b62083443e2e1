import { GlBackend } from "./gl.js";
import { CpuBackend } from "./cpu.js";
import { far, inflate } from "./inflate.js";

// The pixels of a viewer: requested once, kept on the GPU, shared by every view of the same model and by its layers
// on maps. A window is "x0,y0,x1,y1,stride"; a plane is one band of one window, all dates, or, of a frame, one date of it.

const FRAME_BYTES = 160_000_000; // of frames, those that were used last
const MEDIAN_WORK = 100_000; // values that the first part of a median processes
const SHARED = Symbol.for("eowidgets.shared");

// One backend and one register of stores for the page, whichever widget's module came first.
export function shared() {
  globalThis[SHARED] ??= { backend: null, stores: new Map() };
  return globalThis[SHARED];
}

export function backend() {
  const page = shared();
  page.backend ??= GlBackend.create() ?? new CpuBackend();
  return page.backend;
}

export class Store {
  static of(model) {
    const { stores } = shared();
    const id = model.get("store_id");
    if (!stores.has(id)) stores.set(id, new Store(model));
    const store = stores.get(id);
    store.users += 1;
    return store;
  }

  constructor(model) {
    this.model = model;
    this.backend = backend();
    this.users = 0;
    this.planes = new Map();
    this.asked = new Set();
    this.medians = new Map();
    this.needs = new Map(); // what each view needs now: [{ source, bands, window, t }]
    this.needed = new Set(); // keys of the planes that were requested last
    this.frameBytes = 0;
    this.clock = 0;
    this.listeners = new Set();
    this.messages = 0;
    this.covers = 0; // number of times that the cloud cover of a date was received
    this.edits = 0; // number of times that loaded pixels of the cube were painted over
    this.zip = shared().zip ?? far();
    this.order = Promise.resolve();
    this.receive = (message, buffers) => this.hear(message, buffers);
    this.restored = () => this.forget();
    this.versions = this.current();
    this.reheaded = () => this.renew();
    model.on("msg:custom", this.receive);
    model.on("change:head", this.reheaded);
    this.backend.onrestored.add(this.restored);
    this.preload();
  }

  // The coarse picture of one date is part of the model's state: it is drawn without a request.
  preload() {
    for (const { data, ...head } of this.model.get("first") ?? []) {
      if (this.source(head.source)?.version === head.version) this.put(head, data);
    }
  }

  // The last view was removed: release the memory.
  release() {
    this.users -= 1;
    if (this.users > 0) return;
    shared().stores.delete(this.model.get("store_id"));
    this.model.off("msg:custom", this.receive);
    this.model.off("change:head", this.reheaded);
    this.backend.onrestored.delete(this.restored);
    cancelAnimationFrame(this.again);
    this.drop(() => true);
    this.forgetMedians(() => true);
  }

  drop(test) {
    for (const [key, plane] of this.planes) {
      if (!test(key, plane)) continue;
      this.forgetPlane(key, plane);
    }
  }

  forgetPlane(key, plane) {
    if (plane.frame) this.frameBytes -= sizeOf(plane);
    this.backend.free(plane);
    this.planes.delete(key);
    this.asked.delete(key);
  }

  // Frames that were not used for longest go first; those that are needed now stay.
  trim() {
    if (this.frameBytes <= FRAME_BYTES) return;
    const frames = [...this.planes].filter(([key, p]) => p.frame && !this.needed.has(key) && p.used < this.clock - 1);
    frames.sort(([, a], [, b]) => a.used - b.used);
    for (const [key, plane] of frames) {
      if (this.frameBytes <= FRAME_BYTES) break;
      this.forgetPlane(key, plane);
    }
  }

  current() {
    return new Map(this.sources.map((s) => [s.key, s.version]));
  }

  // Sources were added, removed or changed: planes of unchanged ones are kept.
  renew() {
    const now = this.current();
    const gone = (key) => now.get(key.split("|")[0]) !== this.versions.get(key.split("|")[0]);
    this.forgetMedians(gone);
    this.drop(gone);
    for (const key of this.asked) if (gone(key)) this.asked.delete(key);
    for (const key of this.needed) if (gone(key)) this.needed.delete(key);
    this.versions = now;
    this.preload();
    this.changed();
  }

  // All textures are lost with the context: request the drawn ones again.
  forget() {
    this.drop(() => true);
    this.asked.clear();
    this.needed.clear();
    this.medians.clear();
    this.preload();
    this.changed();
  }

  // pixels: whether there are new ones, not only a further part of a derived plane.
  changed(pixels = true) {
    for (const f of this.listeners) f(pixels);
  }

  get sources() {
    return this.model.get("head").sources;
  }

  source(key) {
    return this.sources.find((s) => s.key === key);
  }

  band(key, name) {
    return this.source(key)?.bands.find((b) => b.name === name);
  }

  coarse(key) {
    const s = this.source(key);
    return `0,0,${s.width},${s.height},${s.coarse}`;
  }

  // The plane of a window that has all dates, or the one that has date t.
  plane(key, band, window, t) {
    const id = `${key}|${band}|${window}`;
    return this.planes.get(id) ?? this.planes.get(`${id}|${t}`);
  }

  has(key, bands, window, t) {
    return bands.every((b) => {
      const plane = this.plane(key, b, window, t);
      return plane && plane.have[plane.dates === 1 ? 0 : t];
    });
  }

  // Whether a pixel of each band was measured on a date, as far as a window shows it.
  measured(key, bands, window, t) {
    return bands.every((b) => {
      const plane = this.plane(key, b, window, t);
      return plane.measured[plane.dates === 1 ? 0 : t];
    });
  }

  // Windows of a band that are loaded at least in part, the finest first; only those that may have a date, if one is given.
  windows(key, band, t) {
    const own = new Set();
    for (const id of this.planes.keys()) {
      const [k, b, w, date] = id.split("|");
      if (k === key && b === band && (date === undefined || t === undefined || Number(date) === t)) own.add(w);
    }
    return [...own].sort((a, b) => Number(a.split(",")[4]) - Number(b.split(",")[4]));
  }

  // Whether all requested pixels are loaded.
  whole() {
    return [...this.asked].every((key) => this.planes.get(key)?.have.every(Boolean)) && !this.outstanding().size;
  }

  outstanding() {
    return new Set([...this.needed].filter((key) => !this.planes.get(key)?.have[0]));
  }

  // All frames that a view needs now, the most important first; they replace those that it needed before. Changes are sent
  // to the kernel, which reads nothing that no view needs any more.
  need(view, frames, near = {}) {
    this.clock += 1;
    if (frames.length || Object.keys(near).length) this.needs.set(view, { frames, near });
    else this.needs.delete(view);
    const all = [...this.needs.values()];
    const keys = ({ source, bands, window, t }) => bands.map((b) => `${source}|${b}|${window}|${t}`);
    const missing = (f) => ({ ...f, bands: f.bands.filter((b) => !this.planes.get(keys({ ...f, bands: [b] })[0])?.have[0]) });
    const wanted = all.flatMap((v) => v.frames).map(missing).filter((f) => f.bands.length);
    const now = new Set(wanted.flatMap(keys));
    const before = this.outstanding();
    const around = JSON.stringify(Object.assign({}, ...all.map((v) => v.near)));
    const same = [...now].every((key) => before.has(key)) && [...before].every((key) => now.has(key));
    if (same && (around === "{}" || around === this.around)) return;
    this.around = around;
    for (const key of before) if (!now.has(key)) this.giveUp(key);
    this.needed = now;
    this.messages += 1;
    const list = wanted.map(({ source, bands, window, t }) => ({ source, bands, window: window.split(",").map(Number), date: t }));
    this.model.send({ type: "need", frames: list, near: JSON.parse(around), zip: this.zip });
  }

  // Loaded parts of a frame that will not be completed.
  giveUp(key) {
    const plane = this.planes.get(key);
    if (plane?.frame && !plane.have[0]) this.forgetPlane(key, plane);
  }

  // Request bands of a window once; the kernel sends the dates nearest to t first.
  want(key, bands, window, t) {
    const missing = bands.filter((b) => !this.asked.has(`${key}|${b}|${window}`));
    if (!missing.length) return;
    for (const b of missing) this.asked.add(`${key}|${b}|${window}`);
    this.messages += 1;
    this.model.send({ type: "want", source: key, bands: missing, window: window.split(",").map(Number), date: t, zip: this.zip });
  }

  // In order: the pixels of the cube must not replace those that a model has painted.
  hear(message, buffers) {
    if (!this.zip || message.type === "series") return this.take(message, buffers);
    const whole = message.zip ? inflate(buffers[0]).then((data) => [data]) : buffers;
    const failed = (problem) => this.model.set("error", { message: "Received pixels could not be read.", details: String(problem.stack ?? problem) });
    this.order = this.order.then(async () => this.users > 0 && this.take(message, await whole)).catch(failed);
    return this.order;
  }

  take(message, buffers) {
    if (message.type === "chunk") this.chunk(message, buffers[0]);
    else if (message.type === "bands") this.learn(message);
    else if (message.type === "region") this.region(message, buffers[0]);
  }

  // Metadata unknown when the head was sent: how a lazy cube's bands are stored, and their range.
  learn({ source, bands, indices }) {
    const head = this.source(source);
    if (!head) return;
    for (const b of bands) Object.assign(head.bands.find((o) => o.name === b.name), b);
    for (const i of indices) Object.assign(head.indices.find((o) => o.name === i.name), i);
    this.changed();
  }

  chunk(head, buffer) {
    // Pixels requested before the cube changed may still arrive.
    const key = keyOf(head);
    if (head.version !== this.source(head.source)?.version || !(this.asked.has(key) || this.needed.has(key))) return;
    this.put(head, buffer);
    // A frame is drawn when all its bands are loaded: drawing after each would take longer than reading it.
    const rest = head.frame === undefined ? "" : `|${head.window.join(",")}|${head.frame}`;
    if (!rest || ![...this.outstanding()].some((k) => k.startsWith(`${head.source}|`) && k.endsWith(rest))) this.changed();
  }

  put(head, buffer) {
    const { source, band, shape, dates, bits, t, count, row, rows, cover, frame } = head;
    if (cover !== undefined && this.source(source)) {
      this.source(source).cover[t] = cover;
      this.covers += 1;
    }
    const key = keyOf(head);
    const width = band === "clouds" ? Math.ceil(shape[1] / 8) : shape[1];
    if (!this.planes.has(key)) {
      const made = Object.assign(this.backend.plane(width, shape[0], dates, bits), { measured: new Uint8Array(dates), frame: frame !== undefined, used: this.clock });
      this.planes.set(key, made);
      if (made.frame) this.frameBytes += sizeOf(made);
      this.trim();
    }
    const plane = this.planes.get(key);
    const view = typed(buffer, bits);
    for (let i = 0; i < count; i++) {
      const part = view.subarray(i * rows * width, (i + 1) * rows * width);
      this.backend.upload(plane, t + i, row, rows, part);
      plane.measured[t + i] ||= part.some(Boolean) ? 1 : 0; // code 0 is nodata
      if (row + rows >= shape[0]) plane.have[t + i] = 1;
    }
  }

  // A part of a frame that a running model has just finished.
  region({ source, band, t, x, y, width, height, bits }, buffer) {
    const data = typed(buffer, bits);
    for (const [key, plane] of this.planes) {
      const [name, b, window, date] = key.split("|");
      if (name !== source || b !== band || (date !== undefined && Number(date) !== t)) continue;
      const [x0, y0, , , stride] = window.split(",").map(Number);
      const part = thinned(data, { x: x - x0, y: y - y0, width, height }, stride, plane);
      if (!part) continue;
      this.backend.upload(plane, plane.dates === 1 ? 0 : t, part.y, part.height, part.data, part.x, part.width);
      plane.measured[plane.dates === 1 ? 0 : t] = 1;
    }
    this.forgetMedians((id) => id.startsWith(`${source}|${band}|`));
    if (source === this.sources[0].key) this.edits += 1;
    this.changed();
  }

  // Values of one pixel on every date: NaN where nothing was measured. Null if the full resolution is not loaded.
  series(key, band, x, y) {
    const found = this.finest(key, band, x, y);
    if (!found) return null;
    const { scale, offset } = this.band(key, band);
    const codes = this.backend.column(found.plane, found.x, found.y);
    return Float32Array.from(codes, (c) => (c === 0 ? NaN : (c - 1) * scale + offset));
  }

  cloudy(key, x, y) {
    const s = this.source(key);
    const found = s.mask ? this.finest(key, "clouds", x, y) : null;
    if (!found) return new Uint8Array(s.dates);
    const bytes = this.backend.column(found.plane, found.x >> 3, found.y);
    return Uint8Array.from(bytes, (b) => (b >> (7 - (found.x & 7))) & 1);
  }

  // The plane at full resolution that has a pixel on all dates, or on date t.
  finest(key, band, x, y, t) {
    for (const [name, plane] of this.planes) {
      const [source, b, window, date] = name.split("|");
      if (source !== key || b !== band || (plane.frame && Number(date) !== t)) continue;
      const [x0, y0, x1, y1, stride] = window.split(",").map(Number);
      if (stride !== 1 || x < x0 || x >= x1 || y < y0 || y >= y1) continue;
      if (plane.have.every(Boolean)) return { plane, x: x - x0, y: y - y0, x1, y1 };
    }
    return null;
  }

  // The median of the clear dates first..last of a band, as a plane of one date; computed once, on the GPU, some rows per
  // frame so that the page stays responsive. Null until all rows are complete.
  median(key, band, window, first, last, hide) {
    const plane = this.plane(key, band, window);
    if (!plane || plane.pages?.length > 1 || !plane.have.subarray(first, last + 1).every(Boolean)) return null;
    const id = `${key}|${band}|${window}|${first}|${last}|${hide}`;
    if (!this.medians.has(id)) {
      if (this.medians.size > 16) this.forgetMedians(() => true);
      const rows = Math.max(1, Math.floor(MEDIAN_WORK / (plane.width * (last - first + 1))));
      this.medians.set(id, { target: this.backend.plane(plane.width, plane.height, 1, plane.bits), y: 0, rows });
    }
    const job = this.medians.get(id);
    if (job.y < plane.height) {
      const now = performance.now();
      // Number of rows that fits into a frame, a thousand times more on a GPU than without one.
      if (job.last) job.rows = now - job.last < 25 ? job.rows * 2 : now - job.last > 60 ? Math.max(1, job.rows >> 1) : job.rows;
      job.last = now;
      const rows = Math.min(job.rows, plane.height - job.y);
      this.backend.median(job.target, plane, hide ? this.plane(key, "clouds", window) : null, first, last, job.y, rows);
      job.y += rows;
      if (job.y >= plane.height) job.target.have[0] = 1;
      this.again ||= requestAnimationFrame(() => {
        this.again = 0;
        this.changed(false);
      });
    }
    return job.y >= plane.height ? job.target : null;
  }

  // A complete median, or null; does not start the computation.
  made(key, band, window, first, last, hide) {
    const job = this.medians.get(`${key}|${band}|${window}|${first}|${last}|${hide}`);
    return job?.target.have[0] ? job.target : null;
  }

  forgetMedians(test) {
    for (const [id, job] of this.medians) {
      if (!test(id)) continue;
      this.backend.free(job.target);
      this.medians.delete(id);
    }
  }
}

export const sizeOf = (plane) => (plane.width * plane.height * plane.dates * plane.bits) / 8;

const keyOf = ({ source, band, window, frame }) => `${source}|${band}|${window.join(",")}${frame === undefined ? "" : `|${frame}`}`;

function typed(buffer, bits) {
  const bytes = buffer instanceof DataView ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
  if (bits === 8) return bytes;
  // A 16-bit view needs an even address; messages do not guarantee one.
  return bytes.byteOffset % 2 ? new Uint16Array(bytes.slice().buffer) : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
}

// Pixels of a patch for a plane of some stride: the pixels in the middle of its cells that lie in the patch.
function thinned(data, patch, stride, plane) {
  const half = Math.floor(stride / 2);
  const first = (at) => Math.max(0, Math.ceil((at - half) / stride));
  const after = (at, most) => Math.min(most, Math.ceil((at - half) / stride));
  const [x, y] = [first(patch.x), first(patch.y)];
  const [width, height] = [after(patch.x + patch.width, plane.width) - x, after(patch.y + patch.height, plane.height) - y];
  if (width <= 0 || height <= 0) return null;
  const out = new data.constructor(width * height);
  for (let j = 0; j < height; j++) {
    const row = ((y + j) * stride + half - patch.y) * patch.width;
    for (let i = 0; i < width; i++) out[j * width + i] = data[row + (x + i) * stride + half - patch.x];
  }
  return { x, y, width, height, data: out };
}
