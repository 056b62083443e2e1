"""The field in which one says what is drawn: found by name or use, favourites kept, by mouse and keyboard."""

from __future__ import annotations

import ast

import pytest
from axe_playwright_python.sync_playwright import Axe
from support.pictures import choose, until

import eowidgets as eow

MODEL = "document.getElementById('viewer').model"


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    viewer = eow.TimeViewer(eow.open("romania"), date="2018-07-06")
    path = viewer.to_html(tmp_path_factory.mktemp("choice") / "story.html")
    viewer.close()
    return path


def field(page):
    return page.get_by_role("combobox", name="Bands or index")


def names(page):
    return page.locator(".eow-combo-list [role=option] b").all_text_contents()


def get(page, name):
    return page.evaluate(f"() => {MODEL}.get('{name}')")


def test_an_index_is_found_by_name_full_name_and_use(open_page, story):
    page = open_page(story)
    field(page).click()
    assert len(names(page)) > 100
    assert names(page).count("NDVI") == 1  # a favourite is not listed twice
    for text, expected in (("ndvi", "NDVI"), ("chlorophyll", "GNDVI"), ("soil adjusted", "SAVI"), ("drought", "NDMI")):
        field(page).fill(text)
        assert expected in names(page)[:4], text
    field(page).fill("no such thing")
    assert names(page) == []
    assert page.locator(".eow-combo-foot [role=status]").text_content() == "No match for this name or use."
    field(page).press("Escape")
    assert field(page).input_value() == "true colour" and get(page, "index") is None
    choose(page, "EVI")
    assert get(page, "index") == "EVI" and field(page).input_value() == "EVI"
    page.locator(".eow-legend", has_text="EVI").wait_for()


def test_favourites_are_kept_by_star_and_by_keyboard(open_page, story):
    page = open_page(story)
    before = get(page, "favourites")
    field(page).fill("drought")
    page.locator("[data-value='index:NDMI'] .eow-star").click()  # a favourite so far
    assert get(page, "favourites") == [n for n in before if n != "NDMI"]
    field(page).fill("ndmi")
    field(page).press("Control+Enter")
    assert get(page, "favourites")[-1] == "NDMI"
    assert get(page, "index") is None  # nothing was chosen
    assert page.locator("[data-value='index:NDMI']").first.get_attribute("aria-label").endswith("favourite")


def test_the_list_is_a_combobox_to_assistive_technology(open_page, story):
    page = open_page(story)
    field(page).focus()
    field(page).press("ArrowDown")
    active = "() => document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.textContent"
    first = page.evaluate(active)
    field(page).press("ArrowDown")
    assert first and page.evaluate(active) not in (None, first)
    assert field(page).get_attribute("aria-expanded") == "true"
    result = Axe().run(page, context=".eow-viewer")
    assert [v["id"] for v in result.response["violations"] if v["impact"] in ("serious", "critical")] == []
    box = page.locator(".eow-combo-popup").bounding_box()
    viewer = page.locator(".eow-viewer").bounding_box()
    assert box["y"] + box["height"] <= viewer["y"] + viewer["height"]
    page.screenshot(path="ci-output/screenshots/viewer-choice.png")
    field(page).press("Enter")
    page.locator(".eow-combo-popup").wait_for(state="hidden")


def test_a_formula_that_is_typed_is_drawn_and_favourites_reach_the_kernel(same_lab):
    page = same_lab(["import eowidgets as eow", "v = eow.TimeViewer(eow.open('romania'), height=320); v"])
    page.run_all()
    page.page.locator(".eow-viewer[data-drawn][data-ready]").wait_for()
    field(page.page).fill("(nir - red) / (nir + red + 0.1)")
    field(page.page).press("Enter")
    page.page.locator(".eow-legend", has_text="nir + red + 0.1").wait_for()
    assert page.evaluate("v.index") == "(nir - red) / (nir + red + 0.1)"
    field(page.page).fill("NBR")
    field(page.page).fill("dense green")
    field(page.page).press("Control+Enter")
    until(page, lambda: "EVI" not in ast.literal_eval(page.evaluate("v.favourites")))
    assert page.errors() == []
