"""Cells and page scripts of ``benchmarks/viewer.py``."""

from __future__ import annotations

CUBE = """
import sys; sys.path += {packages!r}
import numpy as np, pandas as pd, xarray as xr, rioxarray, eowidgets as eow
T, N = {dates}, {size}
rng = np.random.default_rng(0)
base = rng.uniform(0.02, 0.5, (N, N)).astype("float32")
bands = {{b: (("time", "y", "x"), np.stack([np.roll(base, 7 * t + 90 * k, 1) for t in range(T)]))
         for k, b in enumerate(("blue", "green", "red", "nir"))}}
cube = xr.Dataset(bands, coords={{"time": pd.date_range("2020-01-03", periods=T, freq="11D").astype("datetime64[ns]"),
    "y": 5e6 - 10 * (np.arange(N) + 0.5), "x": 5e5 + 10 * (np.arange(N) + 0.5)}}).rio.write_crs("EPSG:32635")
"""
SLIDER = """
import io, ipywidgets, PIL.Image
image = ipywidgets.Image(format="png", width=600)
slider = ipywidgets.IntSlider(0, 0, T - 1, description="rival")
def paint(t):
    rgb = np.stack([cube[b].values[t] for b in ("red", "green", "blue")], -1)
    out = io.BytesIO(); PIL.Image.fromarray((rgb.clip(0, 0.5) * 510).astype("uint8")).save(out, "PNG", compress_level=1)
    image.value = out.getvalue()
slider.observe(lambda change: paint(change["new"]), "value"); paint(0)
ipywidgets.VBox([slider, image]).add_class("slider-rival")
"""
LEAFMAP = """
import tempfile, jupyter_loopback, leafmap.leafmap as leafmap, localtileserver.configure
# Straight to its port, which is its fastest way: no detour through the notebook's server or a comm.
localtileserver.configure.autodetect_prefix = lambda *_: None
jupyter_loopback.intercept_localhost = jupyter_loopback.enable_comm_bridge = lambda *_, **__: None
folder, files = tempfile.mkdtemp(), []
for t in range({count}):
    frame = xr.concat([cube[b][t] for b in ("blue", "green", "red", "nir")], "band").rio.write_crs(cube.rio.crs)
    files.append(f"{{folder}}/{{str(cube.time.values[t])[:10]}}.tif")
    frame.rio.to_raster(files[-1], driver="COG")
west, south, east, north = cube.rio.transform_bounds(4326)
rival = leafmap.Map(center=((south + north) / 2, (west + east) / 2), zoom=14, draw_control=False, toolbar_control=False)
rival.layout.height = "600px"; rival.layers = ()
rival.add_time_slider(files, indexes=[3, 2, 1], vmin=0, vmax=0.5)
rival.add_class("leafmap-rival")
rival
"""
#: Written sparsely: a Zarr of which one chunk in every sixth date exists, the rest is nodata.
SPARSE = """
import tempfile, dask.array as da, numpy as np, pandas as pd, rioxarray, xarray as xr, zarr, eowidgets as eow
folder, T, N = tempfile.mkdtemp() + "/big.zarr", 60, 10980
names = ("blue", "green", "red", "nir")
empty = da.full((T, N, N), np.float32(np.nan), chunks=(1, 1024, 1024))
big = xr.Dataset({name: (("time", "y", "x"), empty) for name in names}, coords={
    "time": pd.date_range("2021-01-01", periods=T, freq="5D"),
    "y": 5e6 - 10 * (np.arange(N) + 0.5), "x": 5e5 + 10 * (np.arange(N) + 0.5)}).rio.write_crs("EPSG:32635")
big.to_zarr(folder, compute=False, zarr_format=2, consolidated=True)
store = zarr.open_group(folder, mode="r+")
patch = np.repeat(np.linspace(0.05, 0.4, 1024, dtype="float32")[:, None], 1024, 1)
for name in names:
    for t in range(0, T, 6):
        store[name][t, 4096:5120, 5120:6144] = patch
eow.TimeViewer
"""
PEAK = "int(__import__('resource').getrusage(__import__('resource').RUSAGE_SELF).ru_maxrss)"

#: Run a cell and do not wait for it: the clock starts when it is sent.
SHOW = """([source]) => {
  window._first = 0;
  new MutationObserver((_, me) => {
    if (!document.querySelector('.eow-viewer[data-drawn]')) return;
    window._first = performance.now(); me.disconnect();
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-drawn'] });
  const nb = window._eow_notebook;
  nb.content.model.sharedModel.addCell({ cell_type: 'code', source });
  nb.content.activeCellIndex = nb.content.model.cells.length - 1;
  window._start = performance.now();
  window.jupyterapp.commands.execute('notebook:run-cell');
}"""
#: Sum of the layout shifts (CLS without its session windows: at least as large), with what moved.
SHIFTS = """() => {
  window._shift = 0; window._moved = [];
  const name = (node) => String(node?.className?.baseVal ?? node?.className ?? node?.nodeName);
  new PerformanceObserver((list) => {
    for (const e of list.getEntries()) {
      // JupyterLab itself moves when a cell gets an output: counted is what moves within the Explorer.
      const own = e.sources.map((s) => s.node).filter((n) => n?.parentElement?.closest('.eow-explorer'));
      if (e.hadRecentInput || !own.length) continue;
      window._shift += e.value;
      window._moved.push([e.value, ...own.map(name)]);
    }
  }).observe({ type: 'layout-shift', buffered: false });
}"""
#: Run a cell with an Explorer: time until its picture is drawn, and until map and panel are there as well.
SHOW_EXPLORER = """async ([source]) => {
  const nb = window._eow_notebook, here = (s) => document.querySelector(`.eow-explorer ${s}`);
  nb.content.model.sharedModel.addCell({ cell_type: 'code', source });
  nb.content.activeCellIndex = nb.content.model.cells.length - 1;
  const start = performance.now(), frame = () => new Promise(requestAnimationFrame);
  window.jupyterapp.commands.execute('notebook:run-cell');
  while (!here('.eow-viewer[data-drawn]')) await frame();
  const picture = performance.now() - start;
  while (!here('.eow-panels button[title=Run]') || !here('.eow-inset .leaflet-container')) await frame();
  return [picture, performance.now() - start];
}"""
#: From the pointer's move to the frame in which the picture of the date (or the values of the pixel) is there.
HOVER = """async ([selector, shown, count]) => {
  const target = document.querySelector(selector), box = target.getBoundingClientRect(), times = [];
  const card = document.querySelector(`.eow-${shown}`), now = () => (shown === 'thumb' ? card.dataset.shown : card.textContent);
  for (let i = 0; i < count; i++) {
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)));
    const old = now(), start = performance.now();
    const x = box.left + box.width * (0.3 + (0.5 * i) / count), y = box.top + 0.5 * box.height;
    target.dispatchEvent(new PointerEvent('pointermove', { clientX: x, clientY: y, bubbles: true, pointerType: 'mouse' }));
    while (now() === old && performance.now() - start < 1000) await new Promise(requestAnimationFrame);
    if (now() !== old) times.push(performance.now() - start);
  }
  target.dispatchEvent(new PointerEvent('pointerleave', {}));
  return times;
}"""
#: From the key press to the moment when the pixels of the new date can be read; `pause` ms before each.
STEP = """async ([steps, key, pause = 0]) => {
  const picture = document.querySelector('.eow-picture'), canvas = document.querySelector('.eow-canvas');
  const context = canvas.getContext('2d'), times = [], seen = new Set();
  let rough = 0;
  for (let i = 0; i < steps; i++) {
    if (pause) await new Promise((done) => setTimeout(done, pause));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const old = picture.dataset.shown, start = performance.now();
    picture.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    while (picture.dataset.shown === old) await new Promise(requestAnimationFrame);
    context.getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
    times.push(performance.now() - start); seen.add(picture.dataset.shown);
    rough += picture.hasAttribute('data-rough');
  }
  return [times, seen.size, rough];
}"""
#: From the choice to the first picture of it, which is coarse where the band was not drawn before; `pause` ms before each.
RESTYLE = """async (pause = 200) => {
  const field = document.querySelector('.eow-combo-input'), picture = document.querySelector('.eow-picture');
  const canvas = document.querySelector('.eow-canvas'), context = canvas.getContext('2d'), times = [];
  for (const value of ['index:NDVI', 'index:EVI', 'bands:red,green,blue', 'index:NDWI', 'index:SAVI', 'bands:nir']) {
    await new Promise((done) => setTimeout(done, pause));
    const frame = picture.dataset.frames, start = performance.now();
    field.click(); document.querySelector(`.eow-combo-list [data-value="${value}"]`).click();
    while (picture.dataset.frames === frame || !picture.dataset.shown) await new Promise(requestAnimationFrame);
    context.getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
    times.push(performance.now() - start);
  }
  return times;
}"""
STRETCH = """async () => {
  const input = document.querySelector('.eow-number'), picture = document.querySelector('.eow-picture');
  const canvas = document.querySelector('.eow-canvas'), context = canvas.getContext('2d'), times = [];
  for (let i = 0; i < 6; i++) {
    await new Promise((done) => setTimeout(done, 200));
    const frame = picture.dataset.frames, start = performance.now();
    input.value = 0.01 * i; input.dispatchEvent(new Event('change'));
    while (picture.dataset.frames === frame || !picture.dataset.shown) await new Promise(requestAnimationFrame);
    context.getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
    times.push(performance.now() - start);
  }
  input.value = ''; input.dispatchEvent(new Event('change'));
  return times;
}"""
SLIDER_STEP = """async (steps) => {
  const handle = document.querySelector('.slider-rival .noUi-handle'), image = document.querySelector('.slider-rival img');
  const times = [];
  handle.focus();
  for (let i = 0; i < steps; i++) {
    const old = image.src, start = performance.now();
    handle.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    while (image.src === old) await new Promise(requestAnimationFrame);
    await image.decode();
    times.push(performance.now() - start);
  }
  return times;
}"""
#: A step is done when every tile in view is that of the new date and has its pixels.
LEAFMAP_STEP = """async (steps) => {
  const handle = document.querySelector('.leaflet-container .noUi-handle');
  const tiles = () => [...document.querySelectorAll('.leaflet-tile-pane img.leaflet-tile')];
  const here = (i) => i.complete && i.naturalWidth && i.classList.contains('leaflet-tile-loaded');
  const done = (old) => tiles().length > 0 && tiles().every((i) => !old.has(i.src) && here(i));
  const until = async (f) => {
    for (const start = performance.now(); !f(); await new Promise(requestAnimationFrame)) {
      if (performance.now() - start > 60000) throw new Error('the tiles did not come');
    }
  };
  const press = () => handle.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
  await until(() => done(new Set()));
  press(); // the first step now and then leaves tiles of the old date for good
  await new Promise((done) => setTimeout(done, 10000));
  const times = [];
  for (let i = 0; i < steps; i++) {
    const old = new Set(tiles().map((t) => t.src)), start = performance.now();
    press();
    await until(() => done(old));
    times.push(performance.now() - start);
  }
  return [times, tiles().length];
}"""
READY = "() => document.querySelector('.eow-viewer[data-ready]') !== null"
WHOLE = """() => { const stores = [...globalThis[Symbol.for('eowidgets.shared')].stores.values()];
  return stores.length && stores.every((s) => s.planes.size >= 3 && s.whole()); }"""
#: Switch the cache of pictures of neighbouring dates off or on.
KEEP = "(on) => { globalThis[Symbol.for('eowidgets.shared')].backend.software = on; }"
KEPT = "n => Number(document.querySelector('.eow-picture').dataset.kept) === n"
