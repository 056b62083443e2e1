"""Run the core of the tests with several interpreters: ``make test-python VERSIONS="3.12 3.13"``.

Each version gets an environment of its own, ``.venv-3.12`` and so on, with the pins of ``constraints.txt``; nothing is
installed again while pins and requirements stay as they are. Interpreters are taken from ``PATH`` (``python3.12``) and
from pyenv. A version without an interpreter is named at the end and does not count as a failure, unless ``--require``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.12", "3.13", "3.14")
EXTRAS = ".[lab,stac,dask,video,hub,docs,test]"
#: Folders that may depend on the version of Python: dataclasses, annotations, files, threads, processes. The browser,
#: notebooks and the networks of papers take long and depend on it least.
FOLDERS = ("contract", "cube", "engine", "learn", "metrics", "render", "widgets")
#: The core of them, which takes minutes: the contract as a whole, and of the others how they read, run, cut, send, stop and
#: resume.
CORE = (
    *("tests/contract", "tests/metrics", "tests/render"),
    *(f"tests/cube/test_{name}.py" for name in ("area", "check", "open", "private", "times")),
    *(f"tests/engine/test_{name}.py" for name in ("blend", "identity", "job", "resume", "run", "windows")),
    *(f"tests/learn/test_{name}.py" for name in ("blocks", "cache", "evaluation")),
    *(f"tests/widgets/test_{name}.py" for name in ("base", "recorder", "waiting")),
    *("tests/test_arguments.py", "tests/test_errors.py", "tests/test_rooms.py"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one version gave.

    Attributes
    ----------
    version : str
        As asked, such as ``"3.13"``.
    interpreter : Path or None
        None where there is none.
    code : int or None
        Exit code of pytest; None where nothing was run.
    """

    version: str
    interpreter: Path | None
    code: int | None

    @property
    def sentence(self) -> str:
        """One line for people."""
        if self.interpreter is None:
            return f"Python {self.version}: missing, not tested"
        return f"Python {self.version}: {'passed' if self.code == 0 else f'failed (exit code {self.code})'}"


def interpreter(version: str, pyenv: Path | None = None) -> Path | None:
    """Find an interpreter.

    Parameters
    ----------
    version : str
        Such as ``"3.13"``.
    pyenv : Path, optional
        Folder of pyenv; by default that of ``PYENV_ROOT`` or ``~/.pyenv``.

    Returns
    -------
    Path or None
        The newest of pyenv, else the one in ``PATH``; None where there is none.
    """
    folder = pyenv or Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [path for path in folder.glob(f"versions/{version}.*/bin/python") if path.exists()]
    if found:
        return max(found, key=lambda path: _patch(path.parents[1].name))
    # A shim of pyenv has the name of every version and fails for those that are not selected.
    inside = shutil.which(f"python{version}")
    if inside is None or subprocess.run([inside, "--version"], capture_output=True).returncode:
        return None
    return Path(inside)


def _patch(name: str) -> int:
    last = name.rsplit(".", 1)[-1]
    return int(last) if last.isdigit() else -1


def installed(python: Path, venv: Path) -> Path:
    """Make the environment where requirements or pins changed; return its interpreter."""
    inside, stamp = venv / "bin" / "python", venv / ".requirements"
    texts = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    wanted = hashlib.sha256(texts).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return inside
    if not inside.exists():
        subprocess.run([python, "-m", "venv", venv], check=True)
    pip = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", "constraints.txt"]
    subprocess.run([*pip, "-e", EXTRAS], check=True, cwd=ROOT)
    stamp.write_text(wanted, encoding="utf-8")
    return inside


def run(version: str, folder: Path, tests: Sequence[str], more: list[str]) -> Outcome:
    """Install and test one version."""
    python = interpreter(version)
    if python is None:
        return Outcome(version, None, None)
    inside = installed(python, folder / f".venv-{version}")
    command = [inside, "-m", "pytest", *tests, "-q", "-p", "no:cacheprovider", *more]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return Outcome(version, python, done.returncode)


def main(arguments: list[str] | None = None) -> int:
    """Run every version; return 1 where tests failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("versions", nargs="*", default=VERSIONS, help="such as 3.12 3.13")
    parser.add_argument("--folder", type=Path, default=ROOT, help="folder of the environments")
    parser.add_argument("--all", action="store_true", help="whole folders in place of the core: " + ", ".join(FOLDERS))
    parser.add_argument("--require", action="store_true", help="a missing interpreter is a failure")
    parser.add_argument("--list", action="store_true", help="print the interpreters and stop")
    asked, more = parser.parse_known_args(arguments)
    if asked.list:
        for version in asked.versions:
            print(f"Python {version}: {interpreter(version) or 'missing'}")
        return 0
    tests = [f"tests/{name}" for name in FOLDERS] if asked.all else CORE
    outcomes = [run(version, asked.folder, tests, more) for version in asked.versions]
    print("\n".join(outcome.sentence for outcome in outcomes))
    return int(any(one.code not in (0, None) or (asked.require and one.code is None) for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
