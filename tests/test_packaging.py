"""The two distributions: what is in which wheel, their sizes, their licences and their version."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.builders.wheel import WheelBuilder

import eowidgets as eow
from eowidgets.contract.checkpoint import checkpoints
from eowidgets.shipped import shipped

ROOT = Path(__file__).parents[1]
PACKAGE = Path(eow.__file__).parent
MEGABYTE = 1e6
LARGE = {p.relative_to(PACKAGE).as_posix() for p in [*PACKAGE.rglob("*.safetensors"), *PACKAGE.glob("samples/*.nc")]}


def _build(root: Path, folder: Path) -> Path:
    return Path(next(iter(WheelBuilder(str(root)).build(directory=str(folder), versions=["standard"]))))


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    return _build(ROOT, tmp_path_factory.mktemp("code"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return _build(ROOT / "data", tmp_path_factory.mktemp("data"))


def _metadata(wheel: Path) -> str:
    with ZipFile(wheel) as file:
        return file.read(next(n for n in file.namelist() if n.endswith("/METADATA"))).decode()


def test_wheels_are_small(code, data):
    assert code.stat().st_size <= 25 * MEGABYTE
    assert code.stat().st_size + data.stat().st_size <= 60 * MEGABYTE


def test_each_file_is_in_one_wheel(code, data):
    with ZipFile(code) as file:
        ours = {name.removeprefix("eowidgets/") for name in file.namelist()}
    with ZipFile(data) as file:
        others = {name.removeprefix("eowidgets_data/") for name in file.namelist()}
    assert LARGE and others >= LARGE
    assert not LARGE & ours
    tracked = {
        p.relative_to(PACKAGE).as_posix() for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts
    }
    assert tracked - LARGE <= ours


def test_licences_are_stated(code, data):
    assert "License-Expression: Apache-2.0\n" in _metadata(code)
    text = _metadata(data)
    expression = re.search(r"^License-Expression: (.*)$", text, re.MULTILINE)
    assert expression and set(expression[1].split(" AND ")) == {
        "Apache-2.0",
        "EUPL-1.2",
        "GPL-2.0-only",
        "GPL-3.0-only",
    }
    for name in ("Apache-2.0.txt", "EUPL-1.2.txt", "GPL-2.0.txt", "GPL-3.0.txt", "README.md"):
        assert f"License-File: licences/{name}" in text


def test_weights_have_one_of_these_licences():
    table = (ROOT / "data" / "licences" / "README.md").read_text(encoding="utf-8")
    for file in sorted(n for n in LARGE if n.endswith(".safetensors")):
        folder = PACKAGE / Path(file).parents[1]
        row = next(one for one in checkpoints(folder).values() if folder / one.file == PACKAGE / file)
        if not row.licence.startswith("Apache-2.0"):
            assert f"`{Path(file).parent.as_posix()}/*`" in table, (file, row.licence)
        if "research use only" in row.licence:
            assert f"`{Path(file).parents[1].as_posix()}`" in table, (file, row.licence)


def test_version_is_in_one_place(code):
    assert f"-{eow.__version__}-" in code.name
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_a_file_is_found_in_the_data_where_the_package_lacks_it(tmp_path, monkeypatch):
    here, there = tmp_path / "eowidgets", tmp_path / "eowidgets_data"
    for folder in (here, there):
        folder.mkdir()
    (there / "__init__.py").write_text("")
    (there / "a.nc").write_text("data")
    (there / "b.nc").write_text("data")
    (here / "b.nc").write_text("clone")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("eowidgets.shipped._PACKAGE", here)
    assert shipped(here / "a.nc") == there / "a.nc"
    assert shipped(here / "b.nc") == here / "b.nc"
    assert shipped(here / "c.nc") == here / "c.nc"
    assert shipped(tmp_path / "a.nc") == tmp_path / "a.nc"
