// Steps through time while the model is playing. It waits for a date without loaded pixels.

const PATIENCE = 3000; // ms
const AGAIN = 30; // ms between two checks

export function player(state) {
  let timer = 0;
  let since = 0;
  const tick = () => {
    if (!state.model.get("playing")) return;
    if (state.t === state.stamps.length - 1 && !state.model.get("loop")) return state.now("playing", false);
    if (state.ready && !state.ready(state.after(state.t, 1))) {
      since ||= performance.now();
      if (performance.now() - since < PATIENCE) {
        timer = setTimeout(tick, AGAIN);
        return undefined;
      }
    }
    since = 0;
    state.step(1);
    timer = setTimeout(tick, 1000 / state.model.get("speed"));
    return undefined;
  };
  return {
    update() {
      clearTimeout(timer);
      if (state.model.get("playing")) timer = setTimeout(tick, 1000 / state.model.get("speed"));
    },
    close: () => clearTimeout(timer),
  };
}
