"""The Explorer in both themes: no serious violation of accessibility rules (axe-core), and nothing cut off at three sizes.

The pictures of it are kept as ``explorer-THEME-SIZE.png`` among the screenshots.
"""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

CELLS = [
    "import eowidgets as eow",
    "explorer = eow.Explorer(eow.open('romania'), date='2019-07-06')\nexplorer",
]


SIZES = ((1280, 800), (1600, 1000), (880, 1100))
#: What lies beyond the right edge of the Explorer, or has no size.
CUT = """() => {
  const frame = document.querySelector('.eow-explorer').getBoundingClientRect();
  const parts = ['.eow-toolbar', '.eow-picture', '.eow-time', '.eow-axis', '.eow-chart', '.eow-panels', '.eow-legend-card'];
  return parts.filter((s) => {
    const b = document.querySelector(`.eow-explorer ${s}`).getBoundingClientRect();
    return b.width < 40 || b.height < 20 || b.right > frame.right + 2 || b.left < frame.left - 2;
  });
}"""


@pytest.fixture(scope="module")
def explorer(lab):
    page = lab.open(CELLS, size=SIZES[0])
    page.run_all(timeout=180)
    page.page.locator(".eow-panels button[title=Run]").wait_for()
    page.page.locator(".eow-explorer .eow-viewer[data-drawn]").wait_for(state="attached")
    yield page
    page.close()


@pytest.fixture(scope="module", params=["Light", "Dark"])
def themed(explorer, request):
    set_theme(explorer.page, request.param)
    yield request.param.lower(), explorer, explorer.page
    set_theme(explorer.page, "Light")  # the server keeps it for other tests


def set_theme(page, name):
    page.evaluate(
        "name => window.jupyterapp.commands.execute('apputils:change-theme', { theme: `JupyterLab ${name}` })", name
    )
    page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=str(name == "Light").lower())


def test_nothing_is_cut_off_at_three_sizes(themed):
    theme, page, p = themed
    for width, height in SIZES:
        p.set_viewport_size({"width": width, "height": height})
        p.locator(".eow-explorer").scroll_into_view_if_needed()
        p.wait_for_function(f"() => ({CUT})().length === 0")
        page.screenshot(f"explorer-{theme}-{width}x{height}")


def test_explorer_and_panels_have_no_serious_violation(themed):
    _, _, p = themed
    p.set_viewport_size({"width": 1280, "height": 900})
    if not p.locator(".eow-chart circle").count():
        p.locator(".eow-explorer .eow-picture").click()
    p.locator(".eow-chart circle").first.wait_for()
    found = []
    ready = {
        "Models": "Run",
        "Teach": "Train and test",
        "Change": "Find change",
        "Forecast": "Forecast",
        "Ask": "Ask in plain English",
        "Layers": "On the picture",
        "Share": "Picture (PNG)",
        "Session": "Write notebook",
    }
    for tab, text in ready.items():
        p.get_by_role("tab", name=tab).click()
        p.locator(".eow-panels").get_by_text(text).locator("visible=true").first.wait_for()
        result = Axe().run(p, context=".eow-explorer")
        serious = [v for v in result.response["violations"] if v["impact"] in ("serious", "critical")]
        found += [f"{tab}: {v['id']} at {v['nodes'][0]['html'][:120]}" for v in serious]
    assert not found
