"""Real-browser fixtures.

``lab`` is one JupyterLab server with one headless Chromium for the whole session. Use it like this::

    def test_it(lab):
        page = lab.open(["import eowidgets as eow", "v = eow.TimeViewer(eow.open('romania')); v"])
        page.run_all()                          # all cells, waits for them
        assert page.errors() == []
        page.page.locator(".eow-viewer").wait_for()         # page.page is Playwright's Page
        before = page.count_sent()              # comm messages to the kernel so far
        page.page.keyboard.press("ArrowRight")
        assert page.count_sent() == before
        assert page.evaluate("v.date") == "2015-08-11"      # runs print(...) in the kernel
        page.screenshot("viewer")               # ci-output/screenshots/viewer.png
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from support.lab import Lab, find_browser, lab_session


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in item.path.as_posix():
            item.add_marker("browser")


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    if find_browser() is None:
        reason = "no Chromium or Chrome on the PATH (install one, or set EOW_BROWSER to its path)"
        if os.environ.get("EOW_REQUIRE_BROWSER") == "1":
            pytest.fail(f"Browser tests are required, but there is {reason}.")
        pytest.skip(f"Browser tests skipped: {reason}.")
    with lab_session() as session:
        yield session


@pytest.fixture
def open_lab(lab: Lab) -> Iterator:
    """Return ``lab.open``, but close every page (and its kernel) at the end of the test."""
    pages = []

    def opener(*args, **kwargs):
        pages.append(lab.open(*args, **kwargs))
        return pages[-1]

    yield opener
    for page in pages:
        page.close()


@pytest.fixture
def open_page(lab: Lab) -> Iterator:
    """Open a page that ``TimeViewer.to_html`` has written, without a network; an error on it fails the test.

    Options are those of Playwright's ``new_context``.
    """
    problems, contexts = [], []

    def opener(path, script="", **options):
        contexts.append(
            lab.browser.new_context(**{"offline": True, "viewport": {"width": 1000, "height": 800}, **options})
        )
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda e: problems.append(str(e)))
        if script:
            page.add_init_script(script)
        page.goto(path.as_uri())
        page.locator(".eow-viewer[data-drawn][data-ready]").wait_for()
        return page

    yield opener
    for context in contexts:
        context.close()
    assert problems == []
