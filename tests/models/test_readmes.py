"""Each family of published systems has a README: its links and the files it names exist, and it is small."""

import re
from pathlib import Path

import pytest

import eowidgets.models
from eowidgets.contract.catalogue import registered
from eowidgets.contract.checkpoint import LIST, checkpoints
from eowidgets.models.listed import listed

FOLDER = Path(eowidgets.models.__file__).parent
READMES = sorted(FOLDER.rglob("README.md"))
SYSTEMS = sorted(path.parent for path in FOLDER.glob(f"*/*/{LIST}"))
REPOSITORY = (FOLDER.parents[1] / "docs").is_dir()


def test_every_family_with_a_paper_has_one():
    listed()  # imports all models, also those that wait for labels
    classes = [cls for cls in registered().values() if cls.card.paper and "eowidgets.models" in cls.__module__]
    papers = {cls.__module__.split(".")[2] for cls in classes}
    assert papers | {"forecast", "language", "vqa"} == {path.relative_to(FOLDER).parts[0] for path in READMES}


@pytest.mark.parametrize("folder", SYSTEMS, ids=lambda p: p.name)
def test_a_system_has_its_network_card_readme_and_weights_in_one_folder(folder):
    there = {p.name for p in folder.iterdir()}
    assert {"__init__.py", "README.md", "card.py"} <= there
    # A network that two families use lies with the blocks, and the README names it.
    assert "network.py" in there or "`blocks/" in (folder / "README.md").read_text(encoding="utf-8")
    assert not (folder.parent / LIST).exists()
    shipped = [one for one in checkpoints(folder).values() if not one.hub]
    assert {folder / one.file for one in shipped} == set(folder.glob("weights/*.safetensors"))


def test_every_forecasting_system_has_its_adapter_and_readme_in_one_folder():
    folders = {path.parent for name in ("model.py", "network.py") for path in FOLDER.glob(f"forecast/*/{name}")}
    systems = {folder for folder in folders if folder.name != "networks"}
    assert len(systems) >= 8
    for folder in systems:
        assert {"__init__.py", "README.md", "model.py"} <= {p.name for p in folder.iterdir()}, folder.name


@pytest.mark.parametrize("path", READMES, ids=lambda p: p.parent.name)
def test_files_it_names_exist(path):
    names = set(re.findall(r"`((?:\.\./(?:[a-z0-9_]+/)*)?[a-z0-9_]+\.py)`", path.read_text(encoding="utf-8")))
    foreign = {
        "blip2_vicuna.py",
        "lenet4.py",
        "model.py",
        "residual.py",
        "single_file_galileo.py",
        "single_file_presto.py",
    }
    missing = {n for n in names - foreign if not (path.parent / n).exists()}
    assert names and not missing


@pytest.mark.parametrize("path", READMES, ids=lambda p: p.parent.name)
def test_it_is_small(path):
    assert path.stat().st_size < 10_000


@pytest.mark.skipif(not REPOSITORY, reason="links lead into the repository")
@pytest.mark.parametrize("path", READMES, ids=lambda p: p.parent.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
