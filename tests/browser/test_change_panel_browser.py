"""Draw an area, find change in it, click a polygon, read when it changed."""

from __future__ import annotations

from support.pictures import until


def test_draw_run_click_and_read_the_date(same_lab):
    page = same_lab(
        [
            "import eowidgets as eow, ipywidgets, traitlets\nfrom eowidgets.widgets.panels.change_panel import ChangePanel",
            "cube = eow.open('romania', clouds='robust')\n"
            "m = eow.AreaMap(cube, height='420px', zoom=16, center=(45.2044, 22.1516))\n"
            "panel = ChangePanel(cube, map=m)\n"
            "traitlets.link((m, 'area'), (panel, 'area'))\n"
            "panel.dates = ('2017-01-01', '2020-12-31')\n"
            "ipywidgets.VBox([m, panel])",
        ]
    )
    page.run_all()
    assert page.errors() == []
    p = page.page
    area_map = p.locator(".leaflet-container")
    area_map.scroll_into_view_if_needed()
    area_map.locator(".leaflet-draw-draw-rectangle").click()
    box = area_map.bounding_box()
    p.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.2 * box["height"])
    p.mouse.down()
    p.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.85 * box["height"], steps=6)
    p.mouse.up()
    until(page, lambda: page.evaluate("panel._where.value") == "area")

    panel = p.locator(".eow-change-panel")
    panel.get_by_role("button", name="Find change").click()
    panel.locator(".eow-good", has_text="ha changed in").wait_for(timeout=120_000)
    assert "True" in page.evaluate("bool((panel.result.change.values == 255).any() or panel.result.sizes['x'] < 100)")

    # Every place is a path on the map: the largest is the first of the layer.
    polygon = area_map.locator("path.leaflet-interactive[fill-opacity='0.35']").first
    polygon.wait_for()
    area_map.scroll_into_view_if_needed()
    # Into the middle of a shape that may be bent: a point that belongs to it is asked of the browser.
    point = polygon.evaluate(
        """e => {
          const box = e.getBoundingClientRect();
          for (let k = 1; k < 400; k++) {
            const x = box.left + box.width * ((k * 0.618) % 1), y = box.top + box.height * ((k * 0.382) % 1);
            if (document.elementFromPoint(x, y) === e) return [x, y];
          }
          return null;
        }"""
    )
    assert point is not None
    p.mouse.click(*point)
    facts = panel.locator(".eow-change-facts")
    facts.wait_for()
    shown = facts.inner_text()
    number = int(page.evaluate("panel.picked"))
    assert number > 0
    date = page.evaluate("next(panel.places[panel.places['id'] == panel.picked].itertuples()).date")
    assert date in shown
    chips = panel.locator(".eow-change-chip img")
    assert chips.count() == 4
    assert all(chips.nth(k).evaluate("i => i.complete && i.naturalWidth > 20") for k in range(4))
    # Side by side, large enough to look at, and above the chart.
    boxes = [chips.nth(k).bounding_box() for k in range(4)]
    assert all(b["width"] > 60 and b["height"] > 60 for b in boxes)
    assert max(b["y"] + b["height"] for b in boxes) < panel.locator(".eow-change-pixel").bounding_box()["y"]
    assert panel.locator(".eow-change-pixel .eow-change-mark.first").count() == 1
    assert panel.locator(".eow-change-bar").count() == int(page.evaluate("len(panel._view.rows)"))
    facts.scroll_into_view_if_needed()
    page.screenshot("change-panel")

    # A bar of the timeline keeps the places of its date.
    bar = panel.locator(".eow-change-bar").first
    day = bar.get_attribute("data-date")
    bar.focus()
    p.keyboard.press("Enter")
    until(page, lambda: page.evaluate("set(panel.places['date'])") == repr({day}))
    area_map.scroll_into_view_if_needed()
    page.screenshot("change-panel-map")
    assert page.errors() == []
