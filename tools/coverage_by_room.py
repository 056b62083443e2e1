"""Print the coverage of lines and branches, room by room, from ``.coverage``: ``python tools/coverage_by_room.py``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
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


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "coverage.json"
        subprocess.run(
            [sys.executable, "-m", "coverage", "json", "-q", "--fail-under=0", "-o", str(out)], cwd=ROOT, check=True
        )
        print(table(by_room(json.loads(out.read_text(encoding="utf-8"))["files"])))


if __name__ == "__main__":
    main()
