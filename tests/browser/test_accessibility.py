"""No serious violation of accessibility rules (axe-core) in the Explorer and its panels."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe

CELLS = [
    "import eowidgets as eow",
    "explorer = eow.Explorer(eow.open('romania'), date='2019-07-06')\nexplorer",
]


def test_explorer_and_panels_have_no_serious_violation(same_lab):
    page = same_lab(CELLS, size=(1280, 900))
    page.run_all(timeout=180)
    p = page.page
    p.locator(".eow-panels button[title=Run]").wait_for()
    p.locator(".eow-explorer .eow-picture").click()
    p.locator(".eow-chart circle").first.wait_for()
    found = []
    ready = {
        "Models": "Run",
        "Change": "Find change",
        "Forecast": "Forecast",
        "Ask": "Ask in plain English",
        "Layers": "On the picture",
    }
    for tab, text in ready.items():
        p.get_by_role("tab", name=tab).click()
        p.locator(".eow-panels").get_by_text(text).locator("visible=true").first.wait_for()
        result = Axe().run(p, context=".eow-explorer")
        serious = [v for v in result.response["violations"] if v["impact"] in ("serious", "critical")]
        found += [f"{tab}: {v['id']} at {v['nodes'][0]['html'][:120]}" for v in serious]
    assert not found
