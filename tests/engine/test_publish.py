"""Results appear in one step, and a move that was begun is completed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.toys import Identity, Mean

import eowidgets as eow
from eowidgets.cube.export.exchange import exchange
from eowidgets.engine.journal import Journal
from eowidgets.engine.writers import disk
from eowidgets.errors import InputError, SourceError


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def stop(monkeypatch):
    """Make the process end at the n-th move of a file of a publication."""

    def arm(number):
        real, seen = Path.replace, []

        def replace(self, target):
            if "export" in self.parts or self.name == "store.zarr":
                seen.append(target)
                if len(seen) == number:
                    raise Killed
            return real(self, target)

        monkeypatch.setattr(Path, "replace", replace)

    yield arm
    monkeypatch.undo()


@pytest.mark.parametrize(("suffix", "moves"), [("tif", 4), ("nc", 1), ("zarr", 1)])
@pytest.mark.parametrize("how", ["open", "run", "another"])
def test_whoever_comes_next_completes_a_move(make_cube, tmp_path, stop, monkeypatch, suffix, moves, how):
    cube, out = make_cube(), tmp_path / f"r.{suffix}"
    if suffix != "zarr":
        eow.run(Mean, cube, out=out)
    stop(moves)
    with pytest.raises(Killed):
        eow.run(Identity, cube, out=out)
    monkeypatch.undo()
    assert Journal(out).publication() is not None
    if how == "another":
        found = eow.run(Identity, cube.isel(time=slice(1, None)), out=out)
        np.testing.assert_array_equal(found["red"], cube["red"][1:])
    else:
        found = disk.open_result(out) if how == "open" else eow.run(Identity, cube, out=out)
        np.testing.assert_array_equal(found["red"], cube["red"])
    assert json.loads(found.attrs["provenance"])["model"] == "toy-identity"
    assert not [p.name for p in tmp_path.iterdir() if "partial" in p.name]


def test_a_finished_run_is_not_computed_again(make_cube, tmp_path, stop, monkeypatch):
    cube, out = make_cube(), tmp_path / "r.nc"
    stop(1)
    with pytest.raises(Killed):
        eow.run(Identity, cube, out=out)
    monkeypatch.undo()
    job = eow.submit(Identity, cube, out=out)
    job.result(60)
    assert any("was finished already" in line for line in job.log)
    assert job.windows == (0, 0)


def test_a_move_does_not_replace_what_came_in_between(make_cube, tmp_path, stop, monkeypatch):
    cube, out = make_cube(), tmp_path / "r.nc"
    stop(1)
    with pytest.raises(Killed):
        eow.run(Identity, cube, out=out)
    monkeypatch.undo()
    out.write_bytes(b"precious")
    with pytest.raises(eow.EowidgetsError, match="was not written by this package"):
        eow.run(Identity, cube, out=out)
    assert out.read_bytes() == b"precious"


def test_a_store_replaces_a_store_without_exchange_too(make_cube, tmp_path, monkeypatch):
    cube, out = make_cube(), tmp_path / "r.zarr"
    eow.run(Mean, cube, out=out)
    monkeypatch.setattr(disk, "exchange", lambda *_: False)
    found = eow.run(Identity, cube, out=out)
    np.testing.assert_array_equal(found["red"], cube["red"])
    assert [p.name for p in tmp_path.iterdir()] == ["r.zarr"]


def test_two_folders_change_places(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    (one / "a").touch()
    two.mkdir()
    if exchange(one, two):  # where the system can
        assert not list(one.iterdir())
        assert (two / "a").exists()
    assert not exchange(one, tmp_path / "none")
    assert one.exists()


@pytest.mark.parametrize("file", [".zmetadata", ".zgroup"])
@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_damaged_result_is_refused_in_one_sentence(make_cube, tmp_path, file, text):
    out = tmp_path / "r.zarr"
    eow.run(Identity, make_cube(), out=out)
    (out / file).write_text(text)
    with pytest.raises(SourceError, match="incomplete"):
        eow.rerun(out)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [('"<f4"', '"|O"', SourceError), ('"filters": null', '"filters": [{"id": "pickle"}]', InputError)],
)
def test_a_result_with_python_objects_is_not_decoded(make_cube, tmp_path, old, new, error):
    out = tmp_path / "r.zarr"
    eow.run(Identity, make_cube(), out=out)
    for file in (out / "red" / ".zarray", out / ".zmetadata"):
        text = json.dumps(json.loads(file.read_text()))
        assert old in text
        file.write_text(text.replace(old, new))
    with pytest.raises(error) as caught:
        eow.rerun(out)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [".", "nothing.zarr", "notes.txt"])
def test_what_is_no_result_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("text")
    with pytest.raises(InputError, match="no result|not written by this package"):
        eow.rerun(name)
