"""Write the tables of ``docs/encoders.md``: ``python -m benchmarks.encoders_tables [RESULTS.json] [docs/encoders.md]``.

The results are those of ``python -m benchmarks.encoders --out RESULTS.json``; what lies between the two marks of the page is
replaced, and the text around it stays.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.encoders import LABELS, NUMBERS, ranks

RESULTS = Path("benchmarks/encoders.json")
PAGE = Path("docs/encoders.md")
BEGIN, END = "<!-- tables of benchmarks.encoders_tables -->\n", "<!-- end of the tables -->\n"


def page(text: str, tables: dict[str, Any]) -> str:
    """Return a page with new tables between its marks.

    Raises
    ------
    SystemExit
        If it has no marks.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"The page needs the lines {BEGIN.strip()} and {END.strip()}.")
    return before + BEGIN + "\n" + "\n\n".join([ranking(tables), *map(one, tables.values())]) + "\n\n" + END + after


def ranking(tables: dict[str, Any]) -> str:
    """Return the share of methods that each method beats, best first."""
    lines = ["| method | sets | beats |", "|---|---|---|"]
    found = sorted(ranks(tables).items(), key=lambda row: -row[1][0])
    return "\n".join([*lines, *(f"| {name} | {sets} | {100 * share:.0f} % |" for name, (share, sets) in found)])


def one(found: dict[str, Any]) -> str:
    """Return the table of one set; the best of each column is bold, untrained networks apart."""
    numeric = found["numeric"]
    heads = ["all" if not c else str(NUMBERS[c] if numeric else c) for c in LABELS]
    keys = [str(c or "all") for c in LABELS]
    trained = [row for name, row in found["rows"].items() if "untrained" not in name]
    best = {key: max(row["linear"][key][0] for row in trained) for key in keys}
    lines = [
        f"### {found['name']}: {'R2' if numeric else 'balanced accuracy'}",
        "",
        f"Test part: {found['split']}; {found['train']} training and {found['test']} test items.",
        "",
        f"| features | numbers | {' | '.join(heads)} | all, kNN | s | MB |",
        "|" + "---|" * (len(heads) + 5),
    ]
    for name, row in found["rows"].items():
        cells = []
        for key in keys:
            mean, low, high = row["linear"][key]
            cell = f"{mean:.2f} ± {(high - low) / 2:.2f}"
            cells.append(f"**{cell}**" if "untrained" not in name and mean == best[key] else cell)
        more = f"{row['kNN']['all'][0]:.2f} | {row['seconds']:.1f} | {row['memory']:.0f}"
        lines.append(f"| {name} | {row['width']} | {' | '.join(cells)} | {more} |")
    return "\n".join(lines)


def main() -> None:
    """Write the tables from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="?", default=RESULTS)
    parser.add_argument("page", type=Path, nargs="?", default=PAGE)
    args = parser.parse_args()
    tables = json.loads(args.results.read_text(encoding="utf-8"))
    args.page.write_text(page(args.page.read_text(encoding="utf-8"), tables), encoding="utf-8")


if __name__ == "__main__":
    main()
