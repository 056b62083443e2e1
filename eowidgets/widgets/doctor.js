const SIGNS = { good: "✓", note: "–", bad: "!" };
const SIZES = [1_000_000, 4_000_000, 8_000_000]; // bytes; the viewer sends up to 8 MB a message

function draw(el, rows) {
  const table = document.createElement("table");
  for (const { topic, level, text, mend } of rows) {
    const row = table.insertRow();
    row.className = level;
    row.insertCell().textContent = SIGNS[level] ?? "";
    row.insertCell().textContent = topic;
    const cell = row.insertCell();
    cell.textContent = text;
    if (mend) {
      const advice = document.createElement("em");
      advice.textContent = mend;
      cell.append(advice);
    }
  }
  el.replaceChildren(table);
}

/** Send bytes to the kernel and back; gives { ms, bytes }, or null after ten seconds. */
function roundTrip(model, size) {
  return new Promise((resolve) => {
    const ping = Math.random();
    const start = performance.now();
    const done = (answer) => {
      clearTimeout(timer);
      model.off("msg:custom", hear);
      resolve(answer);
    };
    const hear = (content, buffers) => {
      if (content.ping !== ping) return;
      const bytes = (buffers ?? []).reduce((sum, b) => sum + b.byteLength, 0);
      done({ ms: performance.now() - start, bytes });
    };
    const timer = setTimeout(() => done(null), 10_000);
    model.on("msg:custom", hear);
    model.send({ ping }, undefined, size ? [new Uint8Array(size).buffer] : []);
  });
}

function webgl() {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return { webgl2: "" };
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const found = {
    webgl2: String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER)),
    texture_size: gl.getParameter(gl.MAX_TEXTURE_SIZE),
    texture_layers: gl.getParameter(gl.MAX_ARRAY_TEXTURE_LAYERS),
  };
  gl.getExtension("WEBGL_lose_context")?.loseContext(); // browsers keep only about sixteen contexts
  return found;
}

async function measure(model) {
  const times = [];
  for (let i = 0; i < 5; i++) {
    const answer = await roundTrip(model, 0);
    if (!answer) break;
    times.push(answer.ms);
  }
  times.sort((a, b) => a - b);
  let largest = 0;
  for (const size of times.length ? SIZES : []) {
    const answer = await roundTrip(model, size);
    if (!answer || answer.bytes !== size) break;
    largest = size;
  }
  return { latency_ms: times.length ? times[times.length >> 1] : null, largest_message: largest, ...webgl() };
}

export default {
  render({ model, el }) {
    el.classList.add("eow-doctor");
    const update = () => draw(el, model.get("rows"));
    model.on("change:rows", update);
    update();
    // Not in initialize(): the comm delivers nothing to a model that is still being created.
    measure(model).then((found) => {
      model.set("front_end", found);
      model.save_changes();
    });
    return () => model.off("change:rows", update);
  },
};
