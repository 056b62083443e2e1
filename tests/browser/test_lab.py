"""The harness itself: a widget renders, messages are counted, errors are seen."""

from __future__ import annotations

import pytest

WIDGET = """
import anywidget, traitlets
class W(anywidget.AnyWidget):
    _esm = '''export default { render({model, el}) {
        const b = document.createElement("button"); b.className = "hello"; b.textContent = "hello";
        b.onclick = () => { model.set("n", model.get("n") + 1); model.save_changes(); }; el.append(b); } }'''
    n = traitlets.Int(0).tag(sync=True)
w = W(); w
"""


def test_widget_renders_and_messages_are_counted(open_lab):
    page = open_lab([WIDGET])
    page.run_all()
    assert page.errors() == []
    button = page.page.locator(".hello")
    button.wait_for()
    before = page.count_sent()
    button.click()
    assert page.evaluate("w.n") == "1"
    assert page.count_sent() > before


def test_errors_in_cells_are_seen(open_lab):
    page = open_lab(["1 / 0"])
    page.run_all()
    assert len(page.errors()) == 1
    assert "ZeroDivisionError" in page.errors()[0]


@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_test_leaves_in_the_page_that_is_kept_is_gone(same_lab, turn):
    page = same_lab(
        ["import eowidgets as eow\nname = 'left'", "v = eow.TimeViewer(eow.open('romania'), height=200); v"]
    )
    if turn == 2:
        assert (
            page.evaluate("'name' in globals(), len(__import__('ipywidgets').widgets.widget._instances)") == "False 0"
        )
        assert [c["source"] for c in page.cells()][:1] == ["import eowidgets as eow\nname = 'left'"]
        assert page.page.evaluate("() => globalThis[Symbol.for('eowidgets.shared')].stores.size") == 0
    page.run_all()
    page.page.locator(".eow-viewer[data-drawn]").wait_for()
    assert page.page.locator(".eow-viewer").count() == 1
    assert page.errors() == []
