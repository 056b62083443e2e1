"""The documentation site: it builds without a warning, fetches nothing, and has every public name, system and page."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest
from docsite.api import group_of, public
from docsite.build import check_offline
from docsite.links import rewrite
from docsite.rooms import rooms

from eowidgets.contract.catalogue import OWN, read_index

ROOT = Path(__file__).parents[1]
STUB = ROOT / "eowidgets" / "__init__.pyi"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("docs")
    command = [sys.executable, str(ROOT / "tools" / "build_docs.py"), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return out / "site"


def test_every_public_name_is_on_an_api_page(site):
    for one in public(STUB):
        page = (site / "api" / f"{group_of(one)}.html").read_text(encoding="utf-8")
        assert f'id="{one.name}"' in page, one.name
        assert f"eow.{one.name}" in page, one.name


def test_no_role_of_a_docstring_is_left(site):
    for page in (site / "api").glob("*.html"):
        assert not re.search(r":(func|class|meth|mod|attr):<code>", page.read_text(encoding="utf-8")), page.name


def test_every_model_has_a_row_with_its_licence(site):
    text = html.unescape((site / "systems" / "index.html").read_text(encoding="utf-8"))
    rows = {
        name: row
        for row in re.findall(r"<tr>.*?</tr>", text, re.DOTALL)
        for name in re.findall(r"<code>([\w-]+)</code>", row)
    }
    for name, listing in read_index(OWN).items():
        assert name in rows, name
        assert listing.title in rows[name], name
        assert re.search("Apache|GPL|MIT|Artifact License|not stated", rows[name]), name


def test_tutorials_have_stored_pictures(site):
    for notebook in ROOT.glob("notebooks/*.ipynb"):
        page = (site / "tutorials" / f"{notebook.stem}.html").read_text(encoding="utf-8")
        pictures = re.findall(r'src="\.\./(images/[^"]+)"', page)
        assert pictures, notebook.stem
        assert all((site / path).is_file() for path in pictures)


def test_a_page_that_fetches_is_refused(tmp_path):
    (tmp_path / "a.html").write_text("<p><a href='https://example.org'>link</a></p>")
    check_offline(tmp_path)
    (tmp_path / "b.html").write_text("<script src='https://example.org/a.js'></script>")
    with pytest.raises(ValueError, match=r"b\.html fetches"):
        check_offline(tmp_path)


def test_links_follow_the_pages():
    pages = {"docs/a.md": "guides/a.md", "README.md": "index.md", "docs/images/p.png": "images/p.png"}
    text = "[a](../README.md#x) ![p](images/p.png) [c](../tests/test_docs_site.py) [w](https://example.org)\n```\n[a](../README.md)\n```"
    moved = rewrite(text, "docs/a.md", "guides/a.md", pages, ROOT)
    assert moved.startswith("[a](../index.md#x) ![p](../images/p.png) c [w](https://example.org)")
    assert "[a](../README.md)" in moved
    with pytest.raises(ValueError, match="nowhere"):
        rewrite("[a](nowhere.md)", "docs/a.md", "guides/a.md", pages, ROOT)


def test_the_drawing_has_every_room_of_the_table():
    names = " ".join(room.name for room in rooms(ROOT / "docs" / "architecture.md"))
    for room in ("widgets", "analysis", "learn", "engine", "models", "contract", "render", "cube"):
        assert room in names
