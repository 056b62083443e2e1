"""Print the coverage of lines and branches, room by room, from ``.coverage``: ``python tools/coverage_by_room.py``.

``tools/coverage_floors.toml`` has the least percentages of each room; a room below them is a failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLOORS = Path(__file__).with_name("coverage_floors.toml")
COUNTS = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def by_room(files: dict[str, dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    """Sum the counts of coverage's JSON by the first folder below the package; single modules are one room."""
    rooms: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTS, 0))
    for path, found in files.items():
        parts = Path(path).parts
        inside = parts[parts.index("eowidgets") + 1 :]
        room = f"{inside[0]}/" if len(inside) > 1 else "modules"
        for count in COUNTS:
            rooms[room][count] += found["summary"].get(count, 0)
    return dict(sorted(rooms.items()))


def table(rooms: dict[str, dict[str, int]]) -> str:
    """Return the Markdown table, with a last row for all."""
    total = {count: sum(room[count] for room in rooms.values()) for count in COUNTS}
    lines = ["| room | lines | % | branches | % |", "|---|---|---|---|---|"]
    for name, room in {**rooms, "all": total}.items():
        statements, covered, branches, taken = (room[count] for count in COUNTS)
        lines.append(
            f"| {name} | {statements} | {_percent(covered, statements)} | {branches} | {_percent(taken, branches)} |"
        )
    return "\n".join(lines)


def below(rooms: Mapping[str, Mapping[str, int]], floors: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return a sentence for each room that has less than its floor, or that is missing.

    Parameters
    ----------
    rooms : mapping of str to counts
        As :func:`by_room` gives them.
    floors : mapping of str to mapping
        Room without its stroke -> ``lines`` and ``branches`` in percent.
    """
    said = []
    for name, floor in floors.items():
        room = rooms.get(f"{name}/") or rooms.get(name)
        if room is None:
            said.append(f"{name} has a floor and was not measured.")
            continue
        for what, (part, whole) in {
            "lines": ("covered_lines", "num_statements"),
            "branches": ("covered_branches", "num_branches"),
        }.items():
            reached = 100 * room[part] / room[whole] if room[whole] else 100.0
            if reached < floor[what]:
                said.append(f"{name}: {reached:.1f} % of the {what}, and the floor is {floor[what]} %.")
    return said


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


def main() -> int:
    """Print the table; return 1 where a room is below its floor."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "coverage.json"
        subprocess.run(
            [sys.executable, "-m", "coverage", "json", "-q", "--fail-under=0", "-o", str(out)], cwd=ROOT, check=True
        )
        rooms = by_room(json.loads(out.read_text(encoding="utf-8"))["files"])
    print(table(rooms))
    floors = tomllib.loads(FLOORS.read_text(encoding="utf-8"))
    low = below(rooms, floors)
    held = f"{len(floors)} of {len(rooms)} rooms have a floor in {FLOORS.name}; none is below it."
    print("\n".join(low) if low else held)
    return int(bool(low))


if __name__ == "__main__":
    sys.exit(main())
