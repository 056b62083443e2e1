import { inflate } from "./inflate.js";

// BokehJS comes over the comm of the first chart that needs it, and serves every chart of the page, whatever its notebook.

const scripts = (globalThis.eowBokehScripts ??= new Map());
const PATIENCE = 10_000; // milliseconds after which another chart requests it as well: the kernel of the first may have ended

// Returns the Bokeh namespace with all scripts that the model's figure needs.
export async function bokeh(model) {
  const version = model.get("version");
  for (const name of model.get("scripts")) await script(model, version, name);
  return globalThis.Bokeh[version] ?? globalThis.Bokeh;
}

function script(model, version, name) {
  const key = `${version}/${name}`;
  if (name === "bokeh" && globalThis.Bokeh?.[version]) return Promise.resolve(); // another library has loaded the same
  if (!scripts.has(key)) scripts.set(key, expected());
  const entry = scripts.get(key);
  const ask = () => {
    entry.asked = true;
    try {
      model.send({ script: name });
    } catch {
      // The kernel is gone: the text of the chart stays in its place.
    }
  };
  const take = async (content, buffers) => {
    if (content.script !== name || entry.taken) return;
    entry.taken = true;
    try {
      await run(await inflate(buffers[0]));
      entry.resolve();
    } catch (problem) {
      scripts.delete(key); // the next chart tries again
      entry.reject(problem);
    }
  };
  if (!entry.taken) {
    model.on("msg:custom", take);
    const timer = entry.asked ? setTimeout(ask, PATIENCE) : ask();
    const done = () => {
      clearTimeout(timer);
      model.off("msg:custom", take);
    };
    entry.promise.then(done, done);
  }
  return entry.promise;
}

function expected() {
  const entry = { asked: false, taken: false };
  entry.promise = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
  return entry;
}

// A script element and not a module: BokehJS registers itself on the window.
function run(bytes) {
  const url = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
  const node = document.createElement("script");
  return new Promise((resolve, reject) => {
    node.onload = resolve;
    node.onerror = () => reject(new Error("The browser does not run BokehJS: its security policy forbids it."));
    node.src = url;
    document.head.append(node);
  }).finally(() => {
    URL.revokeObjectURL(url);
    node.remove();
  });
}
