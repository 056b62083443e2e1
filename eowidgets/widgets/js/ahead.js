import { pass } from "./passes.js";

// Work in idle time: coarse pictures of the bands that are not drawn yet, and the programs of the
// usual indices, whose first use would otherwise take a tenth of a second without a GPU.

const PAUSE = 60; // ms between two pieces of work
const MOST = 64_000_000; // bytes of coarse pictures

export class Ahead {
  constructor(store, state, ondone) {
    Object.assign(this, { store, state, ondone });
    this.left = null;
    this.poke = () => {
      this.timer ||= setTimeout(() => {
        this.timer = 0;
        this.work();
      }, PAUSE);
    };
    store.listeners.add(this.poke);
    this.poke();
  }

  close() {
    clearTimeout(this.timer);
    this.store.listeners.delete(this.poke);
  }

  // Another cube: start again.
  renew() {
    this.left = null;
    this.poke();
  }

  work() {
    if (!this.store.whole()) return; // the next pixels that arrive call poke again
    if (this.left === null) {
      this.ask();
      this.left = this.looks();
      this.poke();
      return;
    }
    const style = this.left.shift();
    if (!style) return this.ondone?.();
    const { source, t } = this.state;
    const ready = pass(this.store, style, { key: source.key, t }, null, this.store.coarse(source.key));
    if (ready) this.store.backend.warm?.(ready);
    this.poke();
  }

  ask() {
    const { source, t } = this.state;
    const bytes = (source.width * source.height * source.dates * source.bands.length * 2) / source.coarse ** 2;
    // The bands of a lazy cube are read when they are shown, not before.
    if (bytes > MOST || source.bands.some((b) => !b.q)) return;
    this.store.want(source.key, source.bands.map((b) => b.name), this.store.coarse(source.key), t);
  }

  // Every program once: many indices are the same formula over other bands.
  looks() {
    const { source, style } = this.state;
    const names = this.store.model.get("favourites");
    const usual = names.map((n) => source.indices.find((i) => i.name === n)).filter(Boolean);
    const formulas = new Map(usual.map((i) => [`${i.bands.length} ${i.glsl}`, i.name]));
    const bands = source.bands.map((b) => b.name);
    const mixes = bands.length < 3 ? [bands.slice(0, 1)] : [bands.slice(0, 1), bands.slice(0, 3)];
    return [...mixes.map((m) => ({ ...style, index: null, bands: m })), ...[...formulas.values()].map((index) => ({ ...style, index }))];
  }
}
