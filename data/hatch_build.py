"""Take the samples and weights from the package in a clone; an unpacked source distribution has them already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: What the wheel of the code leaves out: [tool.hatch.build] of ../pyproject.toml.
PATTERNS = ("models/**/*.safetensors", "samples/*.nc", "samples/ATTRIBUTION.md")


class Files(BuildHookInterface):
    """Add the files, each at the same place below ``eowidgets_data`` as below ``eowidgets``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files to what is built."""
        package = Path(self.root).parent / "eowidgets"
        if Path(self.root, "eowidgets_data", "samples").is_dir():
            return
        found = sorted(path for pattern in PATTERNS for path in package.glob(pattern))
        if not found:
            raise FileNotFoundError(f"{package} has no samples: build eowidgets-data in a clone of the repository.")
        for path in found:
            build_data["force_include"][str(path)] = f"eowidgets_data/{path.relative_to(package).as_posix()}"
