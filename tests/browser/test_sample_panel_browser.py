"""Draw a sample, label points by keyboard alone, restart the kernel: the answers are there, and labelling goes on."""

from __future__ import annotations

import pandas as pd
from support.pictures import until

CELLS = [
    "import eowidgets as eow\n"
    "cube = eow.open('romania')\n"
    "low = (cube['nir'].sel(time='2019-07-06').squeeze() < 0.3).rename('low')",
    "p = eow.SamplePanel(cube, low, path='answers.csv')\np.set(points=12, allocation='equal')\np",
]


def draw_and_open(page):
    p = page.page
    panel = p.locator(".eow-sample-panel")
    panel.get_by_text("Choose how many points").wait_for()
    panel.get_by_role("button", name="Draw the sample").click()
    panel.get_by_text("12 points in 2 strata").first.wait_for()
    panel.get_by_role("button", name="Label the points").click()
    queue = panel.locator(".eow-queue")
    queue.wait_for()
    return queue


def press(page, queue, key, position):
    page.page.keyboard.press(key)
    until(page, lambda: queue.get_attribute("data-position") == str(position))


def test_label_by_keyboard_restart_continue(open_lab, lab):
    page = open_lab(CELLS)
    page.run_all()
    queue = draw_and_open(page)
    p = page.page
    queue.get_by_text("Point 1 of 12").wait_for()
    images = queue.locator("img")
    until(page, lambda: images.count() >= 24 and images.last.evaluate("e => e.naturalWidth") == 25)
    # Blind: neither the class in the map nor the stratum is in the page of the queue.
    assert "stratum" not in queue.inner_text().lower()
    queue.focus()
    for position, key in enumerate(["1", "2", "1", "x"], 1):
        press(page, queue, key, position)
    press(page, queue, "Backspace", 3)
    queue.locator(".eow-queue-class.on, [aria-pressed=true]").first.wait_for()
    p.keyboard.press("c")
    queue.get_by_text("confidence: sure").wait_for()
    p.keyboard.press("ArrowRight")
    queue.get_by_text("Marked date: ").wait_for()
    press(page, queue, "2", 4)
    press(page, queue, "1", 5)
    queue.get_by_text("Point 6 of 12 · 5 answered").wait_for()
    panel = p.locator(".eow-sample-panel")
    panel.get_by_text("The overall accuracy is").first.wait_for()
    page.screenshot("sample-queue")
    table = pd.read_csv(lab.root / "answers.csv")
    assert table["label"].notna().sum() == 5
    assert sorted(table["label"].dropna()) == ["low", "low", "no low", "no low", "no low"]
    assert "sure" in set(table["confidence"].dropna())
    assert set(table["stratum"]) == {"A", "B"}
    # No key was a command of JupyterLab.
    assert [c for c in page.cells() if c["source"].startswith("p = eow")]
    assert page.errors() == []

    page.page.evaluate("() => window._eow_notebook.context.sessionContext.restartKernel()")
    page.page.wait_for_function("() => window._eow_notebook.context.sessionContext.session.kernel.status === 'idle'")
    page.run_all()
    queue = draw_and_open(page)
    queue.get_by_text("5 answers were restored from answers.csv").wait_for()
    queue.get_by_text("Point 6 of 12 · 5 answered").wait_for()
    queue.focus()
    press(page, queue, "2", 6)
    until(page, lambda: pd.read_csv(lab.root / "answers.csv")["label"].notna().sum() == 6)
    assert page.errors() == []


def test_the_first_date_of_a_change_is_asked_for(same_lab):
    page = same_lab(
        [
            "import eowidgets as eow, tempfile\ncube = eow.open('romania', clouds='robust')\n"
            "found = eow.change(cube, dates=('2017-01-01', '2020-12-31'))",
            "q = eow.SampleQueue(cube, eow.sample(found, 8), dated=['change'], path=tempfile.mkdtemp() + '/a.csv')\nq",
        ]
    )
    page.run_all()
    queue = page.page.locator(".eow-queue")
    queue.get_by_text("Point 1 of 8").wait_for()
    queue.focus()
    page.page.keyboard.press("2")
    queue.get_by_text("Mark the first date").wait_for()
    for _ in range(3):
        page.page.keyboard.press("ArrowRight")
    queue.get_by_text("Marked date: ").wait_for()
    third = queue.locator(".eow-queue-chip").nth(2)
    until(page, lambda: third.get_attribute("aria-pressed") == "true")
    day = third.get_attribute("data-day")
    press(page, queue, "2", 1)
    assert day in page.evaluate("list(q.sample.table['date'])")
    page.screenshot("sample-queue-change")
    assert page.errors() == []
