"""Run the tests below the widgets with the oldest direct dependencies that pyproject.toml allows: ``make test-oldest``.

A separate environment is created: every requirement of the core of the form ``name>=version`` becomes
``name==version.*``, and pip finds the rest. Widgets are excluded because their tests need JupyterLab.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = ("tests/cube", "tests/contract", "tests/metrics", "tests/render", "tests/test_rooms.py", "tests/test_errors.py")
TOOLS = (
    *("pytest>=8.3", "pytest-timeout>=2.3", "hypothesis>=6.100", "geopandas>=1.0"),
    *("pystac-client>=0.8", "odc-stac>=0.4", "matplotlib>=3.9"),
)


def oldest(requirement: str) -> str:
    """Return the oldest version of a requirement as one that pip installs.

    Examples
    --------
    >>> oldest("dask[array]>=2025.1")
    'dask[array]==2025.1.*'
    """
    found = re.fullmatch(r"([\w.\-]+(?:\[[\w,\-]+\])?)>=([\w.]+)", requirement.replace(" ", ""))
    if found is None:
        raise ValueError(f"The requirement {requirement!r} does not have the form name>=version.")
    return f"{found[1]}=={found[2]}.*"


def main() -> int:
    """Create the environment, install and run; return pytest's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv-oldest")
    parser.add_argument(
        "--python", default=sys.executable, help="interpreter; the oldest versions have wheels for 3.11 and 3.12"
    )
    parser.add_argument("--list", action="store_true", help="print the versions and stop")
    asked = parser.parse_args()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = [oldest(one) for one in project["dependencies"]]
    if asked.list:
        print("\n".join(pins))
        return 0
    python = asked.venv / "bin" / "python"
    if not python.exists():
        subprocess.run([asked.python, "-m", "venv", str(asked.venv)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *pins, *TOOLS], check=True, cwd=ROOT)
    subprocess.run([*pip, "--no-deps", "-e", "."], check=True, cwd=ROOT)
    tests = [test for test in TESTS if (ROOT / test).exists()]
    return subprocess.run([str(python), "-m", "pytest", *tests, "-q", "-p", "no:cacheprovider"], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
