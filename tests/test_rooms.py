"""The rooms of the house: imports point down only, and the package is light to import."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import eowidgets as eow

PACKAGE = Path(eow.__file__).parent

#: Modules that every room may import, in the order in which they import each other.
COMMON = ("errors", "moved", "deprecation", "shipped", "system", "annotations", "rules", "arguments", "plugins")
#: Layers of the package from top to bottom; each may import those after it (docs/architecture.md).
LAYERS = (
    *("widgets", "diagnosis", "testing", "analysis", "learn", "engine", "models", "contract"),
    *("render", "simulate", "metrics", "cube"),
)
WIDGET_LIBRARIES = {"ipywidgets", "ipyleaflet", "leafmap", "anywidget", "traitlets", "IPython"}
WITHOUT_WIDGETS = LAYERS[2:]


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


@pytest.mark.parametrize("room", LAYERS)
def test_imports_point_down(room):
    allowed = {*LAYERS[LAYERS.index(room) :], *COMMON, "__init__"}
    assert _files(room)
    for path in _files(room):
        for name in _imports(path):
            parts = name.split(".")
            if parts[0] == "eowidgets" and len(parts) > 1:
                assert parts[1] in allowed, f"{path.relative_to(PACKAGE)} imports {name}"


def test_every_module_is_in_a_layer():
    known = {*LAYERS, *COMMON, "__init__", "cli", "samples"}
    assert {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()} <= known


def test_nothing_that_runs_on_data_imports_the_simulator():
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] != "simulate":
            assert not [n for n in _imports(path) if n.startswith("eowidgets.simulate")], path


def _modules() -> dict[str, Path]:
    names = {".".join(p.relative_to(PACKAGE.parent).with_suffix("").parts): p for p in PACKAGE.rglob("*.py")}
    return {n.removesuffix(".__init__"): p for n, p in names.items()}


def test_no_module_imports_itself_through_others():
    """Imports inside functions count as well; those for type checkers only do not."""
    modules = _modules()
    graph = {
        name: {m for m in _runtime_imports(path, modules) if m in modules} - {name} for name, path in modules.items()
    }
    order = TopologicalSorter(graph)
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(f"These modules import each other: {' -> '.join(error.args[1])}")


def _runtime_imports(path: Path, modules: Collection[str]) -> set[str]:
    found, waiting = set(), list(ast.parse(path.read_text(encoding="utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules else node.module for name in names}
        waiting += ast.iter_child_nodes(node)
    return found


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


def _documented(text: str) -> int:
    """Return the number of lines of docstrings: sections and examples do not make a file hold more ideas."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    first = [n.body[0] for n in ast.walk(ast.parse(text)) if isinstance(n, kinds) and ast.get_docstring(n)]
    return sum((d.end_lineno or d.lineno) - d.lineno for d in first)


def test_files_stay_small():
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js")]:
        text = path.read_text(encoding="utf-8")
        lines = len(text.splitlines()) - (_documented(text) if path.suffix == ".py" else 0)
        assert lines <= 450, f"{path.relative_to(PACKAGE)} has {lines} lines: split it"
