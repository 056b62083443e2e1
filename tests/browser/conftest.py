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

FAILED = pytest.StashKey[bool]()
#: Tests in one page and kernel.
MOST_USES = 24


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def _kept() -> Iterator[list]:
    pages: list = []
    yield pages
    for page in pages:
        page.close()


@pytest.fixture
def same_lab(lab: Lab, _kept: list, request: pytest.FixtureRequest) -> Iterator:
    """Open cells as ``open_lab`` does, in the page and the kernel of the test before: no start, no imports.

    Cells, widgets and names are those of this test alone. For a test that changes more than that (the theme, a module, the
    page), or that counts what a page or a kernel does at its start, there is ``open_lab``. After a test that failed, and after
    some tests, page and kernel are new.
    """
    opened = False

    def opener(cells: list[str], size: tuple[int, int] = (1280, 800)):
        nonlocal opened
        assert not opened, "a test opens the page that is kept once: take open_lab for a second one"
        opened = True
        if _kept and _kept[0].uses >= MOST_USES:
            _kept.pop().close()
        if _kept:
            _kept[0].begin_again(cells, size)
        else:
            _kept.append(lab.open(cells, size=size))
        _kept[0].uses += 1
        return _kept[0]

    yield opener
    if opened and request.node.stash.get(FAILED, False):
        _kept.pop().close()


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
