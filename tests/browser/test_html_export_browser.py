from __future__ import annotations

import numpy as np
import pytest
from support.pictures import choose, compare, shown

import eowidgets as eow
from eowidgets.errors import InputError, SourceError
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style


class Standing:
    """What the comparisons of the viewer's tests need, for a page without a kernel."""

    def __init__(self, page):
        self.page = page


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    viewer = eow.TimeViewer(eow.open("romania"), date="2018-07-06", events=[{"date": "2018-03-01", "label": "storm"}])
    path = viewer.to_html(tmp_path_factory.mktemp("story") / "story.html", title="<b>Forest</b> & storms")
    date = viewer.date
    viewer.close()
    return path, date


def test_the_page_works_from_disk_with_the_network_off(lab, story):
    path, date = story
    context = lab.browser.new_context(offline=True, viewport={"width": 1200, "height": 900})
    page = context.new_page()
    problems, asked = [], []
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("request", lambda r: asked.append(r.url) if not r.url.startswith(("file:", "blob:", "data:")) else None)
    page.goto(path.as_uri())
    page.locator(".eow-viewer[data-drawn]").wait_for()
    assert page.locator("h1").text_content() == "<b>Forest</b> & storms"
    source = FrameSource(eow.open("romania"))
    standing = Standing(page)
    shown(standing, date)
    compare(standing, source, Style(bands=("red", "green", "blue")), date)

    choose(page, "NDVI")
    page.locator(".eow-axis").focus()
    page.keyboard.press("ArrowRight")
    after = source.labels[source.labels.index(date) + 1]
    shown(standing, after)
    got = compare(standing, source, Style(index="NDVI"), after)
    assert len(np.unique(got[..., :3].reshape(-1, 3), axis=0)) > 20

    picture = page.locator(".eow-picture")
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    page.locator(".eow-pin").wait_for(state="attached")
    page.locator(".eow-chart circle").first.wait_for(state="attached")
    assert page.locator(".eow-chart circle").count() > 50
    page.screenshot(path="ci-output/screenshots/story.png")
    assert problems == []
    assert asked == []
    context.close()


def test_a_page_that_would_be_too_large_is_thinned_and_one_that_cannot_be_written_is_said(tmp_path):
    viewer = eow.TimeViewer(eow.open("romania"))
    small = viewer.to_html(tmp_path / "small.html", max_mb=2)
    assert 100_000 < small.stat().st_size < 4_000_000
    with pytest.raises(SourceError):
        viewer.to_html(tmp_path / "missing" / "x.html")
    with pytest.raises(InputError, match="does not end with"):
        viewer.to_gif(tmp_path / "x.mp4")
    film = viewer.to_gif(tmp_path / "x.gif", dates=("2018-01-01", "2018-06-30"), fps=4, size=200)
    assert film.stat().st_size > 10_000
    assert sorted(p.name for p in tmp_path.iterdir()) == ["small.html", "x.gif"]
    viewer.close()
