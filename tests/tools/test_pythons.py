"""Interpreters are found, and a version without one is named."""

from __future__ import annotations

import pythons
from pythons import Outcome, interpreter


def _there(folder, version):
    python = folder / "versions" / version / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    return python


def test_the_newest_patch_of_pyenv_is_taken(tmp_path):
    newest = _there(tmp_path, "3.12.10")
    for version in ("3.12.9", "3.12.1", "3.11.20", "3.1.2"):
        _there(tmp_path, version)
    assert interpreter("3.12", tmp_path) == newest


def test_a_shim_that_fails_is_no_interpreter(tmp_path, monkeypatch):
    shim = tmp_path / "python3.77"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert interpreter("3.77", tmp_path) is None
    shim.write_text("#!/bin/sh\nexit 0\n")
    assert interpreter("3.77", tmp_path) == shim


def test_a_missing_version_is_named_and_fails_only_where_it_is_required(monkeypatch, capsys, tmp_path):
    outcomes = {"3.12": Outcome("3.12", tmp_path, 0), "3.77": Outcome("3.77", None, None)}
    monkeypatch.setattr(pythons, "run", lambda version, folder, tests, more: outcomes[version])
    assert pythons.main(["3.12", "3.77"]) == 0
    assert capsys.readouterr().out.splitlines() == ["Python 3.12: passed", "Python 3.77: missing, not tested"]
    assert pythons.main(["3.12", "3.77", "--require"]) == 1
    outcomes["3.12"] = Outcome("3.12", tmp_path, 1)
    assert pythons.main(["3.12", "3.77"]) == 1
    assert "Python 3.12: failed (exit code 1)" in capsys.readouterr().out


def test_the_core_is_there():
    assert all((pythons.ROOT / path).exists() for path in pythons.CORE)
    assert all((pythons.ROOT / "tests" / name).is_dir() for name in pythons.FOLDERS)


def test_classifiers_name_the_versions_that_are_run():
    import tomllib

    project = tomllib.loads((pythons.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = {
        one.rsplit(" ", 1)[1]
        for one in project["classifiers"]
        if one.startswith("Programming Language :: Python :: 3.")
    }
    assert {"3.11"} < listed <= {"3.11", *pythons.VERSIONS}
