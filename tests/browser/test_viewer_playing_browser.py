"""Playing goes on while the kernel is busy: the dates are in the browser."""

from __future__ import annotations

from support.pictures import until

#: Busy, not asleep: nothing else runs in the kernel's thread.
BUSY = "import time\nend = time.monotonic() + 3\nwhile time.monotonic() < end:\n    sum(range(10_000))"
START = """([source]) => {
  const app = window.jupyterapp, nb = window._eow_notebook;
  nb.content.model.sharedModel.addCell({ cell_type: 'code', source });
  nb.content.activeCellIndex = nb.content.model.cells.length - 1;
  window._busy = true;
  app.commands.execute('notebook:run-cell').then(() => (window._busy = false));
}"""
#: Dates that are drawn until the cell has run, and the longest wait between two of them, in ms.
WATCH = """async () => {
  const picture = document.querySelector('.eow-picture'), seen = [];
  let last = picture.dataset.shown, longest = 0, start = performance.now(), before = start;
  while (window._busy) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    if (picture.dataset.shown === last) continue;
    longest = Math.max(longest, now - before);
    before = now;
    last = picture.dataset.shown;
    seen.push(last);
  }
  return [seen.length, longest, performance.now() - start];
}"""
WHOLE = """() => [...globalThis[Symbol.for('eowidgets.shared')].stores.values()].every((s) => s.planes.size >= 3 && s.whole())"""


def test_dates_play_on_while_the_kernel_computes(same_lab):
    page = same_lab(
        ["import eowidgets as eow", "v = eow.TimeViewer(eow.open('romania'), height=320, chart=False, speed=10); v"]
    )
    page.run_all()
    p = page.page
    p.locator(".eow-viewer[data-drawn][data-ready]").wait_for()
    p.wait_for_function(WHOLE)
    p.get_by_role("button", name="Play").click()
    p.evaluate(START, [BUSY])
    count, longest, lasted = p.evaluate(WATCH)
    assert lasted > 2500  # the kernel was busy all that time
    assert count > 0.6 * 10 * lasted / 1000
    assert longest < 700
    p.get_by_role("button", name="Pause").click()
    shown = p.locator(".eow-date").text_content()
    until(page, lambda: page.evaluate("(v.playing, v.date)") == f"(False, '{shown}')")
    assert page.errors() == []
