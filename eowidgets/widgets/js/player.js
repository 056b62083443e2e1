// Steps through time while the model is playing.

export function player(state) {
  let timer = 0;
  const tick = () => {
    if (!state.model.get("playing")) return;
    if (state.t === state.stamps.length - 1 && !state.model.get("loop")) return state.now("playing", false);
    state.step(1);
    timer = setTimeout(tick, 1000 / state.model.get("speed"));
  };
  return {
    update() {
      clearTimeout(timer);
      if (state.model.get("playing")) timer = setTimeout(tick, 1000 / state.model.get("speed"));
    },
    close: () => clearTimeout(timer),
  };
}
