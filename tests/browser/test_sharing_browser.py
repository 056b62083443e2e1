"""The tour, the tab Share, and the address of a saved page."""

from __future__ import annotations

import pytest
from support.pictures import until

import eowidgets as eow

CELLS = [
    "import eowidgets as eow",
    "cube = eow.open('romania').isel(time=slice(90, 110))\nexplorer = eow.Explorer(cube, index='NDVI')\nexplorer",
]
MODEL = "document.getElementById('viewer').model"


def ready(page):
    page.run_all(timeout=180)
    page.page.locator(".eow-explorer .eow-viewer[data-drawn]").wait_for(state="attached")
    page.page.locator(".eow-panels button[title=Run]").wait_for()
    page.page.locator(".eow-explorer").scroll_into_view_if_needed()
    return page.page


def test_the_tour_has_three_steps_and_is_put_away_for_good(open_lab):
    opened = open_lab(CELLS, size=(1280, 900), tour=True)
    p = ready(opened)
    card = p.get_by_role("region", name="Tour")
    card.wait_for()
    for step, target in enumerate((".eow-time", ".eow-picture", ".eow-panels")):
        card.get_by_text(f"{step + 1} of 3").wait_for()
        p.locator(f".eow-explorer {target}.eow-tour-target").wait_for()
        assert p.locator(".eow-tour-target").count() == 1
        opened.screenshot(f"tour-{step + 1}")
        card.locator(".eow-tour-next").click()
    card.wait_for(state="detached")
    assert p.locator(".eow-tour-target").count() == 0
    assert p.evaluate("localStorage.getItem('eowidgets.tour')") == "off"
    opened.run("eow.Explorer(cube)")
    p.locator(".eow-explorer").nth(1).locator(".eow-viewer[data-drawn]").wait_for(state="attached")
    assert p.get_by_role("region", name="Tour").count() == 0
    opened.run("eow.Explorer(cube, tour=True)")
    p.get_by_role("region", name="Tour").get_by_label("Do not show the tour again").click()
    p.get_by_role("region", name="Tour").wait_for(state="detached")


def test_the_tab_share_writes_files_and_opens_a_link(same_lab):
    opened = same_lab(CELLS, size=(1280, 900))
    p = ready(opened)
    p.get_by_role("tab", name="Share").click()
    panel = p.locator(".eow-share-panel")
    panel.get_by_role("button", name="Picture (PNG)").click()
    panel.get_by_text("Saved as view.png").wait_for()
    opened.screenshot("share")
    link = panel.locator("input[type=text]").last
    until(opened, lambda: "index=NDVI" in link.input_value())
    link.fill("#index=NDWI&compare_mode=swipe")
    link.press("Enter")
    panel.get_by_role("button", name="Open").click()
    until(
        opened, lambda: opened.evaluate("(explorer.viewer.index, explorer.viewer.compare_mode)") == "('NDWI', 'swipe')"
    )
    assert opened.evaluate("__import__('pathlib').Path('view.png').read_bytes()[1:4]") == "b'PNG'"


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    viewer = eow.TimeViewer(eow.open("romania").isel(time=slice(90, 110)))
    path = viewer.to_html(tmp_path_factory.mktemp("link") / "story.html")
    dates = viewer.sources["cube"].labels
    viewer.close()
    return path, dates


def test_the_address_of_a_page_opens_a_view_and_follows_it(lab, story):
    path, dates = story
    context = lab.browser.new_context(offline=True, viewport={"width": 1000, "height": 800})
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.goto(f"{path.as_uri()}#date={dates[3]}&index=NDVI&vmin=0.1&pins=22.15,45.203&cmap=no-such-map&gamma=abc")
    page.locator(".eow-viewer[data-drawn][data-ready]").wait_for()
    get = f"[{MODEL}.get('date'), {MODEL}.get('index'), {MODEL}.get('vmin'), {MODEL}.get('pins').length, {MODEL}.get('cmap')]"
    assert page.evaluate(get) == [dates[3], "NDVI", 0.1, 1, "viridis"]
    page.locator(".eow-picture").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => location.hash.includes('date={dates[4]}') && location.hash.includes('index=NDVI')")
    viewer = eow.TimeViewer(eow.open("romania").isel(time=slice(90, 110)))
    viewer.open_link(page.url)
    assert (viewer.date, viewer.index, viewer.vmin, len(viewer.pins)) == (dates[4], "NDVI", 0.1, 1)
    viewer.close()
    assert problems == []
    context.close()
