"""The rooms of the house: imports point down only, and the package is light to import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import eowidgets as eow

PACKAGE = Path(eow.__file__).parent

#: Modules that every room may import, in the order in which they import each other.
COMMON = ("errors", "system", "annotations", "rules", "arguments")
#: Room -> the rooms that it may import (docs/architecture.md).
MAY_IMPORT = {
    "cube": set(),
    "metrics": {"cube"},
    "tasks": {"cube"},
    "models": {"tasks", "cube", "metrics"},
    "engine": {"models", "tasks", "cube"},
    "analysis": {"engine", "models", "tasks", "metrics", "cube"},
    "render": {"cube", "tasks"},
    "diagnosis": {"widgets"},
    "widgets": {"render", "analysis", "engine", "models", "tasks", "metrics", "cube", "diagnosis"},
}
WIDGET_LIBRARIES = {"ipywidgets", "ipyleaflet", "leafmap", "anywidget", "traitlets", "IPython"}
WITHOUT_WIDGETS = ("cube", "metrics", "tasks", "models", "engine", "analysis", "render")


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
    return found


def _files(room: str) -> list[Path]:
    folder = PACKAGE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{room}.py"]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_down(room):
    allowed = MAY_IMPORT[room] | {room, *COMMON, "__init__"}
    assert _files(room)
    for path in _files(room):
        for name in _imports(path):
            parts = name.split(".")
            if parts[0] == "eowidgets" and len(parts) > 1:
                assert parts[1] in allowed, f"{path.relative_to(PACKAGE)} imports {name}"


@pytest.mark.parametrize("module", COMMON)
def test_common_modules_import_only_those_before_them(module):
    before = {f"eowidgets.{name}" for name in COMMON[: COMMON.index(module)]}
    assert {n for n in _imports(PACKAGE / f"{module}.py") if n.startswith("eowidgets")} <= before


@pytest.mark.parametrize("room", WITHOUT_WIDGETS)
def test_rooms_below_the_widgets_know_no_widget_library(room):
    for path in _files(room):
        assert not {n.split(".")[0] for n in _imports(path)} & WIDGET_LIBRARIES, path


def test_import_is_light():
    heavy = {"torch", "leafmap", "matplotlib", "ipyleaflet", "anywidget", "rasterio", "odc", "zarr", "netCDF4"}
    code = "import sys, eowidgets; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not heavy & set(loaded)


def test_every_public_name_is_there():
    for name in eow.__all__:
        assert getattr(eow, name) is not None, name
    assert set(eow.__all__) <= set(dir(eow))


def test_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_like_this"):
        _ = eow.nothing_like_this


def test_files_stay_small():
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js")]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 400, f"{path.relative_to(PACKAGE)} has {lines} lines: it asks to be two files"
