import re
import shutil
import subprocess

import pytest

from eowidgets.widgets.base import HERE, esm

WIDGETS = ["viewer/time_viewer", "chart/pixel_chart", "charts/chart", "map/time_layer"]


@pytest.mark.parametrize("name", WIDGETS)
def test_modules_become_one_without_imports(name):
    text = esm(name)
    assert not re.search(r"^import ", text, re.MULTILINE)
    assert len(re.findall(r"^export ", text, re.MULTILINE)) == 1
    assert "export default" in text


@pytest.mark.parametrize("name", WIDGETS)
def test_names_at_the_top_of_modules_are_unique(name):
    found = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", esm(name), re.MULTILINE)
    assert len(found) == len(set(found)), sorted(n for n in found if found.count(n) > 1)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to parse JavaScript")
@pytest.mark.parametrize("name", WIDGETS)
def test_javascript_parses(name, tmp_path):
    file = tmp_path / "widget.mjs"
    file.write_text(esm(name))
    subprocess.run(["node", "--check", file], check=True)


def test_text_from_data_never_becomes_html():
    for file in HERE.rglob("*.js"):
        text = file.read_text()
        assert "innerHTML" not in text, file
        assert "insertAdjacentHTML" not in text, file
        assert "eval(" not in text.replace("retrieval(", ""), file
