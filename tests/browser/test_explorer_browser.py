"""The Explorer as a person uses it: one picture, a map inset, legend and layers, values under the pointer, panels."""

from __future__ import annotations

import pytest
from support.pictures import choose, until

CELLS = [
    "import eowidgets as eow",
    "cube = eow.open('romania')\nexplorer = eow.Explorer(cube, date='2019-07-06')\nexplorer",
]
#: Largest shift of the layout, as browsers measure it, while the pointer and the date move.
SHIFT = 0.02
WATCH_SHIFTS = """() => {
  window._shift = 0;
  const add = (list) => { for (const e of list.getEntries()) window._shift += e.value; };
  new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: false });
}"""
CENTRES = """(s) => [...document.querySelectorAll(s)].map((c) => {
  const b = c.getBoundingClientRect();
  return (b.left + b.right) / 2;
})"""
#: Whether two elements have one size, and one centre, within some pixels.
SAME_SIZE = """([s, t]) => {
  const [a, b] = [s, t].map((x) => document.querySelector(x).getBoundingClientRect());
  return Math.abs(a.width - b.width) < 2 && Math.abs(a.height - b.height) < 2;
}"""
SAME_CENTRE = """([s, t]) => {
  const [a, b] = [s, t].map((x) => document.querySelector(x).getBoundingClientRect());
  return Math.abs(a.left + a.right - b.left - b.right) < 60 && Math.abs(a.top + a.bottom - b.top - b.bottom) < 60;
}"""
BRIGHT = """
mask = (cube.isel(time=[100])[['red']].rename(red='bright') > 0.06).astype('uint8')
mask['bright'].attrs = dict(flag_values=[0, 1], flag_meanings='dark bright', colors='#00000000 #e69f00', role='result')
explorer.viewer.add_layer(mask, 'bright')
"""
LONLAT = (
    "'%.9f %.9f' % __import__('pyproj').Transformer.from_crs(cube.rio.crs, 4326, always_xy=True)"
    ".transform(float(cube.x[50]), float(cube.y[50]))"
)
BOX = (
    "(s) => { const b = document.querySelector(s).getBoundingClientRect(); return [b.left, b.right, b.top, b.bottom]; }"
)


@pytest.fixture
def explorer(same_lab):
    page = same_lab(CELLS, size=(1280, 900))
    page.run_all(timeout=180)
    p = page.page
    p.locator(".eow-explorer .eow-viewer[data-drawn]").wait_for(state="attached")
    p.locator(".eow-inset .leaflet-container").wait_for()
    p.locator(".eow-panels button[title=Run]").wait_for()
    p.locator(".eow-explorer").scroll_into_view_if_needed()
    assert page.errors() == []
    return page


def box(page, selector):
    return page.page.evaluate(BOX, selector)


def middle(page):
    left, right, top, bottom = box(page, ".eow-explorer .eow-picture")
    return (left + right) / 2 + 2, (top + bottom) / 2 + 2


def test_picture_panel_axis_and_chart_share_one_frame(explorer):
    left, right, top, bottom = box(explorer, ".eow-explorer")
    picture, rail = box(explorer, ".eow-explorer .eow-picture"), box(explorer, ".eow-panels")
    assert picture[1] <= rail[0] + 1 and rail[1] <= right + 1
    assert abs(picture[2] - rail[2]) <= 1 and abs(picture[3] - rail[3]) <= 1  # as high as the picture
    assert bottom - top < 660
    axis, chart = box(explorer, ".eow-explorer .eow-axis"), box(explorer, ".eow-explorer .eow-chart")
    assert abs(axis[0] - chart[0]) <= 1 and abs(axis[1] - chart[1]) <= 1
    explorer.page.mouse.click(*middle(explorer))
    explorer.page.locator(".eow-chart circle").first.wait_for()
    # The first date on the axis stands above the first value of the chart.
    on_axis = explorer.page.evaluate(CENTRES, ".eow-axis-marks circle")[0]
    chart_xs = explorer.page.evaluate(CENTRES, ".eow-chart circle")
    assert min(abs(x - on_axis) for x in chart_xs) <= 1.5
    explorer.screenshot("explorer")


def test_the_pointer_shows_values_and_moves_nothing(explorer):
    p = explorer.page
    p.evaluate(WATCH_SHIFTS)
    x, y = middle(explorer)
    p.mouse.move(x, y)
    read = p.locator(".eow-stage .eow-read")
    read.wait_for()
    p.wait_for_function("() => document.querySelector('.eow-stage .eow-read').textContent.includes('red')")
    shown = dict(pair.rsplit(" ", 1) for pair in read.locator("span:has(b)").all_text_contents())
    lon, lat = (float(v) for v in explorer.evaluate(LONLAT).split())
    assert f"{lat:.3f}"[:5] in read.text_content() and f"{lon:.3f}"[:5] in read.text_content()
    for band in ("red", "green", "blue"):
        value = float(explorer.evaluate(f"float(cube.{band}.sel(time='2019-07-06').values.squeeze()[50, 50])"))
        assert float(shown[band]) == pytest.approx(value, abs=6e-4)
    for _ in range(5):
        p.keyboard.press("ArrowRight")
        x += 7
        p.mouse.move(x, y)
    p.mouse.move(5, 5)
    read.wait_for(state="hidden")
    assert p.evaluate("window._shift") <= SHIFT


def test_layers_are_listed_with_legend_and_can_be_hidden_and_removed(explorer):
    p = explorer.page
    explorer.run(BRIGHT)
    row = p.locator(".eow-legend-card .eow-layer-row[data-layer=bright]")
    row.wait_for()
    assert "bright" in row.text_content()
    row.get_by_label("Show bright").uncheck()
    until(explorer, lambda: explorer.evaluate("not explorer.viewer.layers[0]['visible']") == "True")
    p.get_by_role("tab", name="Layers").click()
    panel = p.locator(".eow-layers-panel")
    panel.get_by_text("On the picture").wait_for()
    assert not panel.locator("input[type=checkbox]").first.is_checked()  # both lists show the same state
    panel.locator("input[type=checkbox]").first.check()
    until(explorer, lambda: explorer.evaluate("explorer.viewer.layers[0]['visible']") == "True")
    row.get_by_label("Remove bright").click()
    row.wait_for(state="detached")
    until(explorer, lambda: explorer.evaluate("explorer.viewer.layers == []") == "True")


def test_the_map_is_an_inset_that_can_be_enlarged(explorer):
    p = explorer.page
    small = box(explorer, ".eow-inset")
    assert small[1] - small[0] < 200
    assert not p.locator(".eow-inset .leaflet-draw").is_visible()
    p.locator(".eow-inset-button").click()
    p.locator(".eow-inset-large").wait_for()
    p.wait_for_function(SAME_SIZE, arg=[".eow-inset", ".eow-explorer .eow-picture"])
    assert p.locator(".eow-inset .leaflet-draw").is_visible()
    # The frame of the cube is in the middle of the enlarged map, not cut off at the old size.
    p.wait_for_function(SAME_CENTRE, arg=[".eow-map-canvas", ".eow-inset"])
    explorer.screenshot("explorer-map")
    p.locator(".eow-inset-button").click()
    p.wait_for_function("() => document.querySelector('.eow-inset').getBoundingClientRect().width < 200")


def test_lists_and_panels_of_the_toolbar_open_within_the_frame_and_it_stays_one_row(explorer):
    p = explorer.page
    choose(p, "NDVI")
    p.locator(".eow-legend-title", has_text="NDVI").wait_for()
    _, _, top, bottom = box(explorer, ".eow-explorer .eow-toolbar")
    assert bottom - top < 50
    frame = box(explorer, ".eow-explorer")
    for name in ("Histogram and colour bar", "Bookmarks and names of pins"):
        p.get_by_role("button", name=name).click()
        left, right, top, bottom = box(explorer, ".eow-pop-panel:not([hidden])")
        assert frame[0] <= left < right <= frame[1] and frame[2] <= top < bottom <= frame[3]
        assert right - left > 200 and bottom - top > 60
        explorer.screenshot(f"explorer-{name.split()[0].lower()}")
        p.keyboard.press("Escape")
    p.get_by_role("combobox", name="Bands or index").click()
    left, right, top, bottom = box(explorer, ".eow-combo-popup")
    assert frame[0] <= left < right <= frame[1] and frame[2] <= top < bottom <= frame[3]
    assert bottom - top > 300


def test_halves_of_a_swipe_and_a_difference_name_their_dates(explorer):
    p = explorer.page
    p.get_by_label("Compare", exact=True).select_option("swipe")
    p.locator(".eow-half").nth(1).wait_for(state="attached")
    assert p.locator(".eow-half").all_text_contents() == [
        "2019-07-06",
        explorer.evaluate("explorer.viewer.compare_date"),
    ]
    # The date to compare with is clear, and of the same season.
    cover = "float(cube.clouds.sel(time=explorer.viewer.compare_date).mean())"
    assert float(explorer.evaluate(cover)) < 0.05
    p.get_by_label("Compare", exact=True).select_option("difference")
    choose(p, "NDVI")
    p.locator(".eow-legend-title", has_text="Difference, 2019-07-06 minus").wait_for()


def test_limits_are_taken_with_enter_and_cloudy_dates_are_explained_and_left_out(explorer):
    p = explorer.page
    high = p.get_by_label("Brightest value (empty: automatic)")
    high.fill("0.3")
    high.press("Enter")
    until(explorer, lambda: explorer.evaluate("explorer.viewer.vmax == 0.3") == "True")
    cloudy = explorer.evaluate(
        "next(str(t)[:10] for t, c in zip(cube.time.values, cube.clouds.mean(('y', 'x')).values) if c == 1)"
    )
    p.get_by_label("hide clouds").check()
    explorer.evaluate(f"setattr(explorer, 'date', '{cloudy}')")
    p.locator(".eow-hint", has_text="Clouds hide all of this date").wait_for()
    p.get_by_label("Dates to step through").select_option("clear")
    p.locator(".eow-explorer .eow-picture").focus()
    p.keyboard.press("ArrowRight")
    until(explorer, lambda: explorer.evaluate(f"explorer.date > '{cloudy}'") == "True")
    assert float(explorer.evaluate("float(cube.clouds.sel(time=explorer.date).mean())")) <= 0.2


def test_a_panel_of_its_own_has_a_picture(same_lab):
    page = same_lab(["import eowidgets as eow", "panel = eow.ForecastPanel(eow.open('romania'))\npanel"])
    page.run_all(timeout=120)
    picture = page.page.locator(".eow-picture")
    page.page.locator(".eow-viewer[data-drawn]").wait_for()
    picture.click()  # in its middle: beside the raster there is nothing to pin
    until(page, lambda: page.evaluate("len(panel.pins) == 1") == "True")
    assert page.errors() == []
