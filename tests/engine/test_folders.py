"""Working folders: only those of the package are used or removed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.toys import Identity

import eowidgets as eow
from eowidgets.engine import folders
from eowidgets.engine.journal import Journal
from eowidgets.errors import InputError


def write(folder, name="mine.txt"):
    folder.mkdir()
    (folder / name).write_text("precious")
    return folder / name


@pytest.mark.parametrize("name", ["mine.txt", "journal.jsonl", "lock"])
def test_a_folder_of_somebody_else_is_refused_and_kept(make_cube, tmp_path, name):
    mine = write(tmp_path / "r.zarr.partial", name)
    with pytest.raises(InputError, match="working folder, exists and was not written by this package"):
        eow.run(Identity, make_cube(), out=tmp_path / "r.zarr")
    assert mine.read_text() == "precious"
    assert not (tmp_path / "r.zarr").exists()


def test_a_link_is_never_followed(make_cube, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    with Journal(tmp_path / "elsewhere").held():  # even one that leads to a folder like ours
        (tmp_path / "elsewhere.partial").rename(elsewhere)
    (tmp_path / "r.zarr.partial").symlink_to(elsewhere)
    with pytest.raises(InputError, match="was not written by this package"):
        eow.run(Identity, make_cube(), out=tmp_path / "r.zarr")
    assert (elsewhere / folders.JOURNAL).exists()
    assert (tmp_path / "r.zarr.partial").is_symlink()


def test_a_file_in_the_way_is_refused_and_kept(make_cube, tmp_path):
    (tmp_path / "r.nc.partial").write_text("precious")
    with pytest.raises(InputError, match="was not written by this package"):
        eow.run(Identity, make_cube(), out=tmp_path / "r.nc")
    assert (tmp_path / "r.nc.partial").read_text() == "precious"


def test_links_within_the_working_folder_lose_the_link_only(make_cube, tmp_path):
    mine = write(tmp_path / "mine")
    with Journal(tmp_path / "r.zarr").held():
        (tmp_path / "r.zarr.partial" / "link").symlink_to(mine.parent)
    eow.run(Identity, make_cube(), out=tmp_path / "r.zarr")
    assert mine.read_text() == "precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "r.zarr"]


def test_the_folder_of_an_older_release_is_replaced(make_cube, tmp_path):
    write(tmp_path / "r.zarr.partial", "journal.jsonl").write_text('{"version": 1, "fingerprint": "x", "plan": {}}\n')
    eow.run(Identity, make_cube(), out=tmp_path / "r.zarr")
    assert [p.name for p in tmp_path.iterdir()] == ["r.zarr"]


def test_what_killed_processes_left_is_swept_and_nothing_else(make_cube, tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    hidden = ".r.zarr.partial-"
    journal = '{"version": 2, "setup": true}\n'
    ours = [
        f"{hidden}new-{gone.pid}-00000000",
        f"{hidden}old-{gone.pid}-00000000",
        f"{hidden}old-{os.getpid()}-00000000",
    ]
    for name in ours:
        write(tmp_path / name, "journal.jsonl").write_text(journal)
    (tmp_path / f"{hidden}new-{gone.pid}-00000001").mkdir()  # killed before it had written a journal
    write(tmp_path / f"{hidden}new-{os.getpid()}-00000002", "journal.jsonl").write_text(journal)  # alive
    write(tmp_path / f"{hidden}old-{gone.pid}-00000003")  # of somebody else
    write(tmp_path / "elsewhere", "journal.jsonl").write_text(journal)
    (tmp_path / f"{hidden}old-{gone.pid}-00000004").symlink_to(tmp_path / "elsewhere")
    eow.run(Identity, make_cube(), out=tmp_path / "r.zarr")
    left = [
        f"{hidden}new-{os.getpid()}-00000002",
        f"{hidden}old-{gone.pid}-00000003",
        f"{hidden}old-{gone.pid}-00000004",
    ]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*left, "elsewhere", "r.zarr"])
    assert (tmp_path / "elsewhere" / "journal.jsonl").exists()


def test_a_run_that_fails_before_its_first_strip_leaves_nothing(make_cube, tmp_path, monkeypatch):
    from eowidgets.engine.workload import Workload

    def fails(*_):
        raise InputError("no plan")

    monkeypatch.setattr(Workload, "plan", fails)
    with pytest.raises(InputError, match="no plan"):
        eow.run(Identity, make_cube(), out=tmp_path / "r.zarr")
    assert list(tmp_path.iterdir()) == []


def test_names_that_leave_no_room_are_refused(make_cube, tmp_path):
    with pytest.raises(InputError, match="too long"):
        eow.run(Identity, make_cube(), out=tmp_path / f"{'x' * 240}.zarr")
