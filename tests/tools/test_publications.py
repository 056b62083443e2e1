"""The table of publications has what the models say, and refuses a model that there is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from docsite.publications import Publication, page, publications
from docsite.systems import System
from gallery_scenes import SCENES

from eowidgets.contract.catalogue import OWN, Listing, read_index

ROOT = Path(__file__).parents[2]


def _system(name, scores):
    row = Listing(name, task="regress", title=name, licence="MIT", needs="", pretrained=(), scores=scores)
    return System(row, "", "", ROOT, "eowidgets/models/x.py", (), None)


def test_a_row_has_status_figures_and_both_licences():
    rows = [Publication("A net", "image → map", "GPL-3.0", ("net",)), Publication("Another", "text → text", "MIT")]
    text = page(rows, [_system("net", "F1: 0.5; IoU: 0.4; recall: 0.3; precision: 0.2")], {}, ROOT)
    assert "1 of\n2 are in the package" in text
    assert (
        "| 1 | A net | image → map | method without weights | `net` | F1: 0.5; IoU: 0.4; recall: 0.3; ... | MIT | GPL-3.0 |"
        in text
    )
    assert "| 2 | Another | text → text | not in the package | – | – | – | MIT |" in text


def test_a_model_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="nothing-like-it"):
        page([Publication("A net", "image → map", "MIT", ("nothing-like-it",))], [], {}, ROOT)


def test_every_name_of_the_list_is_a_model():
    known = set(read_index(OWN))
    assert all(set(one.models) <= known for one in publications())


def test_the_gallery_has_its_pictures_small_and_described():
    sizes = [(ROOT / "docs" / "images" / f"{scene.name}.png").stat().st_size for scene in SCENES]
    assert sum(sizes) < 2e6
    assert all(len(scene.alt) > 40 for scene in SCENES)
