"""A kit holds a store, notebooks and weights; a kit from anybody writes nothing outside its folder."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eowidgets as eow
from eowidgets.analysis.kit.contents import Contents, is_path_in_kit
from eowidgets.analysis.kit.notebooks import Sources, with_store
from eowidgets.cli import main
from eowidgets.contract.checkpoint import Checkpoint
from eowidgets.contract.registry import get_model
from eowidgets.errors import InputError, SourceError


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("stores") / "bouconne.zarr"
    eow.fetch(eow.open("bouconne").isel(time=slice(2)), path, chunks={"y": 128, "x": 128})
    return path


def notebook(path, *cells):
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_markdown_cell("# Lesson"), *map(nbformat.v4.new_code_cell, cells)]
    book.cells[1].outputs = [nbformat.v4.new_output("stream", text="/home/somebody/secret")]
    nbformat.write(book, path)
    return path


def test_a_kit_opens_and_its_notebook_runs_without_a_network(store, tmp_path, monkeypatch):
    book = notebook(
        tmp_path / "lesson.ipynb", "import eowidgets as eow", f"cube = eow.open({str(store)!r})\nn = cube.sizes['time']"
    )
    path = eow.kit(store, tmp_path / "kit.zip", notebooks=book)
    kit = eow.open_kit(path, tmp_path / "lesson")
    assert sorted(p.name for p in kit.folder.iterdir()) == ["README.md", "bouconne.zarr", "kit.toml", "lesson.ipynb"]
    assert "eow lab" in str(kit) and '"lesson.ipynb"' in (kit.folder / "README.md").read_text()
    assert eow.verify(kit.store).good
    text = kit.notebooks[0].read_text()
    assert "secret" not in text and str(store) not in text
    monkeypatch.chdir(kit.folder)
    monkeypatch.setenv("EOWIDGETS_OFFLINE", "1")
    monkeypatch.setenv("EOWIDGETS_WEIGHTS", "")
    scope: dict = {}
    for cell in nbformat.read(kit.notebooks[0], 4).cells:
        if cell.cell_type == "code":
            exec(cell.source, scope)
    np.testing.assert_array_equal(scope["cube"].red, eow.open(store).red)
    assert scope["n"] == 2


def test_every_file_has_its_checksum_and_the_same_contents_give_the_same_kit(store, tmp_path):
    one, two = (eow.kit(store, tmp_path / f"{i}.zip") for i in (1, 2))
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        noted = tomllib.loads(archive.read("kit.toml").decode())["files"]
        names = [n for n in archive.namelist() if n != "kit.toml"]
        assert noted == {n: hashlib.sha256(archive.read(n)).hexdigest() for n in names}


def test_the_command_packs_and_opens(store, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["kit", str(store), "-o", "a.zip"]) == 0
    assert main(["kit", "--open", "a.zip", "a"]) == 0
    assert "eow lab" in capsys.readouterr().out
    assert main(["kit", "--open", "a.zip"]) == 1
    assert main(["kit", str(store), "b"]) == 1
    assert "is an extra path" in capsys.readouterr().err
    assert main(["fetch", "romania", "r.zarr", "--dates", "2019-07-01/2019-07-20", "-q"]) == 0
    assert "'r.zarr' is complete" in capsys.readouterr().out


def test_weights_from_the_hub_are_packed_and_found_again(store, tmp_path, monkeypatch):
    content = b"weights"
    cached = tmp_path / "cache" / "nano.safetensors"
    cached.parent.mkdir()
    cached.write_bytes(content)
    made = Checkpoint(
        "galileo.nano", licence="MIT", file="models/nano/nano.safetensors", hub="a/b", revision="c",
        sha256=hashlib.sha256(content).hexdigest(), size=len(content),
    )  # fmt: skip
    monkeypatch.setattr("eowidgets.analysis.kit.weights.checkpoints", lambda folder: {made.name: made})
    monkeypatch.setattr("eowidgets.contract.checkpoint.download", lambda *a, **k: cached)
    kit = eow.open_kit(eow.kit(store, tmp_path / "kit.zip", models=["galileo"]), tmp_path / "k")
    assert (kit.folder / "weights" / "galileo.nano.safetensors").read_bytes() == content
    monkeypatch.setattr("eowidgets.contract.checkpoint.download", None)
    monkeypatch.setenv("EOWIDGETS_WEIGHTS", str(kit.folder / "weights"))
    assert made.content() == content
    with pytest.raises(InputError, match="no checkpoint named 'galileo.nana'.*nano"):
        eow.kit(store, tmp_path / "kit.zip", models=["galileo.nana"])


def test_a_saved_model_is_packed_under_its_name(store, tmp_path):
    saved = get_model("harmonic").save(tmp_path / "mine.safetensors")
    kit = eow.open_kit(eow.kit(store, tmp_path / "kit.zip", models=[str(saved)]), tmp_path / "k")
    assert eow.load(kit.folder / "mine.safetensors").name == "harmonic"


def test_what_cannot_be_packed_is_refused(store, tmp_path):
    with pytest.raises(InputError, match="not a Zarr store"):
        eow.kit(tmp_path, tmp_path / "kit.zip")
    with pytest.raises(InputError, match="Did you mean 'fill-linear'"):
        eow.kit(store, tmp_path / "kit.zip", models="fill-liner")
    (tmp_path / "x.ipynb").write_text("{")
    with pytest.raises(InputError, match="cannot be read as a notebook"):
        eow.kit(store, tmp_path / "kit.zip", notebooks=tmp_path / "x.ipynb")
    assert not (tmp_path / "kit.zip").exists()


def test_a_damaged_store_is_not_packed(tmp_path):
    path = tmp_path / "a.zarr"
    eow.fetch(eow.open("bouconne").isel(time=[0]), path)
    chunk = next(p for p in (path / "red" / "c").rglob("*") if p.is_file())
    chunk.unlink()
    with pytest.raises(SourceError, match="is damaged"):
        eow.kit(path, tmp_path / "kit.zip")


def test_sources_that_the_kit_lacks_are_reported(store, tmp_path):
    book = notebook(tmp_path / "lesson.ipynb", "import eowidgets as eow", "eow.open('other.tif'); eow.open('romania')")
    with pytest.warns(UserWarning, match="'lesson.ipynb' opens 'other.tif', which the kit does not hold"):
        eow.kit(store, tmp_path / "kit.zip", notebooks=[book])


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("eow.open('bouconne', dates='2020')", "eow.open('a.zarr', dates='2020')"),
        ("x = 'ä'; c = eow.open(source='bouconne')", "x = 'ä'; c = eow.open(source='a.zarr')"),
        ("eow.fetch(eow.open('bouconne'),\n  'a.zarr')", "eow.fetch(eow.open('a.zarr'),\n  'a.zarr')"),
        ("eow.open(\n    '''bouconne'''\n).red", "eow.open(\n    'a.zarr'\n).red"),
        ("eow.open('romania'); open('bouconne'); print('bouconne')",) * 2,
        ("%matplotlib inline\neow.open('bouconne')",) * 2,
    ],
)
def test_only_the_source_of_the_cube_changes(code, changed):
    assert with_store(code, Sources(Path("a.zarr"), "bouconne"), Path())[0] == changed


# --- kits from anybody


def forged(path, files, note=None, **info):
    """A zip file with files whose checksums are right, and ``kit.toml``."""
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            one = zipfile.ZipInfo(name)
            for key, value in info.items():
                setattr(one, key, value)
            archive.writestr(one, data)
        archive.writestr("kit.toml", note or Contents("t", "a.zarr", (), (), "1", sums).text())
    return path


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/evil",
        "a/../../evil",
        "a\\..\\evil",
        "C:evil",
        "a//evil",
        "./evil",
        "a/evil.",
        "evil\x00",
        "a\nb",
    ],
)
def test_a_kit_writes_nothing_outside_its_folder(name, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    path = forged(
        tmp_path / "kit.zip", {name: b"evil"}, note='version = 1\ntitle = "t"\nstore = "s"\npackage = "1"\n[files]\n'
    )
    with pytest.raises(InputError, match="nothing was unpacked"):
        eow.open_kit(path, folder / "k")
    assert not list(folder.iterdir()) and sorted(p.name for p in tmp_path.iterdir()) == ["in", "kit.zip"]


@given(st.text(max_size=30))
def test_a_path_in_a_kit_stays_below_its_folder(text):
    if is_path_in_kit(text):
        assert Path("/kit", text).resolve().is_relative_to("/kit") and Path("/kit", text) != Path("/kit")


def test_links_bombs_and_contents_that_differ_are_refused(tmp_path):
    good = {"a.zarr/x": b"x" * 1000}
    with pytest.raises(InputError, match="not a regular file"):
        eow.open_kit(forged(tmp_path / "1.zip", good, external_attr=0o120777 << 16), tmp_path / "k")
    with pytest.raises(InputError, match="more than limit="):
        eow.open_kit(forged(tmp_path / "2.zip", good), tmp_path / "k", limit=100)
    note = Contents("t", "a.zarr", (), (), "1", {"a.zarr/x": "0" * 64}).text()
    with pytest.raises(SourceError, match="does not have the SHA-256"):
        eow.open_kit(forged(tmp_path / "3.zip", good, note), tmp_path / "k")
    with pytest.raises(InputError, match="which its kit.toml does not name"):
        eow.open_kit(forged(tmp_path / "4.zip", {**good, "b": b""}, note), tmp_path / "k")
    with pytest.raises(InputError, match="lacks 'a.zarr/x'"):
        eow.open_kit(forged(tmp_path / "5.zip", {}, note), tmp_path / "k")
    with pytest.raises(InputError, match="names a file outside the kit"):
        eow.open_kit(forged(tmp_path / "6.zip", good, note.replace("a.zarr/x", "../x")), tmp_path / "k")
    assert not (tmp_path / "k").exists()


def test_damaged_kits_and_other_files_are_refused(store, tmp_path):
    path = eow.kit(store, tmp_path / "kit.zip")
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        at = next(i for i in archive.infolist() if "/c/" in i.filename).header_offset
    data[at + 120] ^= 1
    (tmp_path / "damaged.zip").write_bytes(data)
    with pytest.raises(SourceError, match="copy the kit again"):
        eow.open_kit(tmp_path / "damaged.zip", tmp_path / "k")
    (tmp_path / "cut.zip").write_bytes(path.read_bytes()[:-50])
    for name in ("cut.zip", "nothing.zip"):
        with pytest.raises(InputError, match=re.escape(name)):
            eow.open_kit(tmp_path / name, tmp_path / "k")
    with pytest.raises(InputError, match="not a kit: its kit.toml is damaged"):
        eow.open_kit(forged(tmp_path / "note.zip", {}, json.dumps({})), tmp_path / "k")
    assert not (tmp_path / "k").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    with pytest.raises(InputError, match="not an empty folder"):
        eow.open_kit(path, tmp_path / "full")
