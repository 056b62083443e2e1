"""A user's program passes strict type checkers, and every line of wrong uses is an error."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CLIENT, WRONG = (ROOT / "tests" / "typing" / name for name in ("client.py", "wrong.py"))


def _lines() -> set[int]:
    """Return the first lines of the statements of the function ``wrong``."""
    (function,) = (n for n in ast.parse(WRONG.read_text()).body if isinstance(n, ast.FunctionDef))
    return {statement.lineno for statement in function.body}


@pytest.fixture(scope="module")
def mypy() -> str:
    """Run mypy on both files; their first lines make the rules of the project those of ``mypy --strict``."""
    pytest.importorskip("mypy", reason="mypy is part of the dev extra")
    command = [sys.executable, "-m", "mypy", "--no-error-summary", str(CLIENT), str(WRONG)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert not done.stderr
    return done.stdout


def _errors(text: str, path: Path, form: str) -> dict[int, str]:
    found = re.findall(form, text, re.MULTILINE)
    return {int(line): message for name, line, message in found if Path(name).name == path.name}


def test_mypy_accepts_the_client(mypy):
    assert _errors(mypy, CLIENT, r"^(.*?):(\d+): error: (.*)$") == {}


def test_mypy_refuses_every_wrong_line(mypy):
    found = _errors(mypy, WRONG, r"^(.*?):(\d+): error: (.*)$")
    assert set(found) == _lines(), (sorted(_lines() - set(found)), found)


@pytest.fixture(scope="module")
def pyright() -> str:
    pytest.importorskip("pyright", reason="pyright is part of the dev extra")
    if shutil.which("node") is None:
        pytest.skip("pyright needs node, which is not installed")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, str(CLIENT), str(WRONG)]
    try:  # its first start downloads the checker
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    except subprocess.TimeoutExpired:
        pytest.skip("pyright did not end within 200 s")
    if "error:" not in done.stdout and done.returncode > 1:
        pytest.skip(f"pyright could not be started: {done.stderr.strip()[:200]}")
    return done.stdout


def test_pyright_accepts_the_client(pyright):
    assert _errors(pyright, CLIENT, r"^\s*(.*?):(\d+):\d+ - error: (.*)$") == {}


def test_pyright_refuses_every_wrong_line(pyright):
    found = _errors(pyright, WRONG, r"^\s*(.*?):(\d+):\d+ - error: (.*)$")
    assert _lines() <= set(found), sorted(_lines() - set(found))
