from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from eowidgets.cube import export
from eowidgets.cube.export import beside, place
from eowidgets.cube.export.beside import LINE, MARK, folder_beside, sweep
from eowidgets.errors import InputError, SourceError


def left(folder):
    return sorted(p.name for p in folder.iterdir())


def killed(folder, *, text=LINE, name=".x-eow-0123abcd"):
    """What a killed export leaves."""
    made = folder / name
    made.mkdir()
    (made / MARK).write_text(text)
    (made / "half.tif").write_text("half")
    return made


def test_a_killed_export_is_swept_by_the_next_one_in_the_folder(make_cube, tmp_path):
    code = f"""
import os, signal
from eowidgets.cube.export.beside import folder_beside
from pathlib import Path
with folder_beside(Path({str(tmp_path)!r}) / "x.tif") as folder:
    (folder / "x.tif").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert len(left(tmp_path)) == 1
    assert left(tmp_path)[0].startswith(".x-eow-")
    export.to_netcdf(make_cube(), tmp_path / "other.nc")
    assert left(tmp_path) == ["other.nc"]


@pytest.mark.parametrize("text", [LINE, ""], ids=["whole mark", "killed before the mark was written"])
def test_what_is_left_is_swept(tmp_path, text):
    killed(tmp_path, text=text)
    (tmp_path / ".y-eow-00000000").mkdir()  # killed before there was a mark
    sweep(tmp_path)
    assert left(tmp_path) == []


def test_a_folder_of_a_process_that_lives_stays(tmp_path):
    with folder_beside(tmp_path / "x.tif") as one, folder_beside(tmp_path / "x.tif") as two:
        sweep(tmp_path)
        assert {one.name, two.name} <= set(left(tmp_path))
    assert left(tmp_path) == []


def test_what_others_have_made_stays(tmp_path):
    kept = killed(tmp_path, text="mine")
    (tmp_path / ".z-eow-00000000").mkdir()
    (tmp_path / ".z-eow-00000000" / "mine").write_text("precious")  # no mark
    (tmp_path / ".z-eow-11111111").write_text("a file")
    (tmp_path / "away").mkdir()
    killed(tmp_path / "away", name=".w-eow-22222222")
    (tmp_path / ".z-eow-33333333").symlink_to(tmp_path / "away" / ".w-eow-22222222")
    killed(tmp_path, name="x-eow-0123abcd")
    before = left(tmp_path)
    sweep(tmp_path)
    assert left(tmp_path) == before
    assert (kept / "half.tif").exists()
    assert (tmp_path / "away" / ".w-eow-22222222" / "half.tif").exists()


def test_without_locks_only_old_folders_are_swept(tmp_path, monkeypatch):
    import os

    monkeypatch.setattr(beside, "acquire", lambda _: None)
    young, old = killed(tmp_path), killed(tmp_path, name=".x-eow-ffffffff")
    os.utime(old / MARK, (0, 0))
    sweep(tmp_path)
    assert left(tmp_path) == [young.name]


def test_what_was_being_replaced_is_put_back(tmp_path):
    folder = killed(tmp_path)
    (folder / "old-ab").mkdir()
    (folder / "old-ab" / "gone.zarr").mkdir()
    (folder / "old-ab" / "gone.zarr" / "zarr.json").write_text("{}")
    (folder / "old-ab" / "there.tif").write_text("older")
    (tmp_path / "there.tif").write_text("newer")
    sweep(tmp_path)
    assert left(tmp_path) == ["gone.zarr", "there.tif"]
    assert (tmp_path / "there.tif").read_text() == "newer"


def test_a_store_replaces_a_store_in_one_step(make_cube, tmp_path, monkeypatch):
    export.to_zarr(make_cube(seed=1), tmp_path / "a.zarr")

    def never(*_, **__):
        raise AssertionError("the store had no name for a moment")

    monkeypatch.setattr(place, "_set_aside", never)
    export.to_zarr(make_cube(seed=2), tmp_path / "a.zarr")
    back = export.stores.xr.open_zarr(tmp_path / "a.zarr")
    np.testing.assert_allclose(back.red, make_cube(seed=2).red, atol=6e-5)
    assert left(tmp_path) == ["a.zarr"]


def test_files_are_whole_or_not_there(tmp_path):
    target = place.write_whole(tmp_path / "a.txt", lambda p: p.write_text("one"))

    def fails(path):
        path.write_text("half")
        raise OSError("disk is gone")

    with pytest.raises(SourceError, match=r"'a.txt' could not be written: disk is gone"):
        place.write_whole(target, fails)
    assert target.read_text() == "one"
    with pytest.raises(SourceError, match=r"could not be written: No such file .* choose another folder"):
        place.write_whole(tmp_path / "no" / "a.txt", fails)
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "link.html").symlink_to(target)
    for name, kind in (("folder", "folder"), ("link", "link")):
        with pytest.raises(InputError, match=f"is a {kind}: choose another name"):
            place.write_whole(tmp_path / f"{name}.html", lambda p: p.write_text("new"))
    assert target.read_text() == "one"
    assert left(tmp_path) == ["a.txt", "folder.html", "link.html"]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch):
    from eowidgets.analysis.notebook import write_notebook

    def refuses(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "mkdir", refuses)
    with pytest.raises(
        SourceError, match=r"'x.ipynb' could not be written: Permission denied in .*choose another folder"
    ):
        write_notebook(tmp_path / "x.ipynb", "T", [])
