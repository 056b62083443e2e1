"""Draw the rooms of the package as SVG from the table of docs/architecture.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

WIDTH, ROW, PAD, NAME = 760, 46, 10, 190
STYLE = """
  text { font-family: system-ui, 'DejaVu Sans', sans-serif; fill: #1a1a1a } .name { font-size: 14px; font-weight: 600 }
  .what { font-size: 12px; fill: #444444 }
  .box { fill: #ffffff; stroke: #767676 } .way { stroke: #0072b2; stroke-width: 2; fill: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f0f0 } .what { fill: #c8c8c8 } .box { fill: #1e1e1e; stroke: #a0a0a0 } .way { stroke: #56b4e9 }
  }
"""


@dataclass(frozen=True, slots=True)
class Room:
    """A row of the table.

    Attributes
    ----------
    name, what, below : str
        Name, contents, and allowed imports.
    """

    name: str
    what: str
    below: str


def rooms(page: Path) -> list[Room]:
    """Read the table of rooms.

    Raises
    ------
    ValueError
        If the page has no such table.
    """
    text = page.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \| (.*?) \| ([^|]*?) \|$", text, re.MULTILINE)
    if len(rows) < 10:
        raise ValueError(f"{page} has no table of rooms with the columns room, what lives there, may import.")
    return [Room(*(_plain(cell) for cell in row)) for row in rows]


def _plain(cell: str) -> str:
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell).replace("`", "").replace("eowidgets/", "")


def drawing(found: list[Room]) -> str:
    """Return the SVG: one box per room, the upper ones import the lower ones."""
    height = PAD * 2 + ROW * len(found)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        f"<title>The rooms of eowidgets; imports point down only</title><style>{STYLE}</style>",
        f'<path class="way" d="M{PAD + 8} {PAD + 8} V{height - PAD - 8} m-5 -8 l5 8 l5 -8"/>',
    ]
    for i, room in enumerate(found):
        top, left = PAD + i * ROW, PAD + 28
        what = re.split(r"[;:(]|, `", room.what)[0].strip()
        what = what if len(what) <= 74 else f"{what[:72].rsplit(' ', 1)[0]} ..."
        names = [name.strip("/ ") for name in room.name.split(",")]
        name = names[0] if len(names) == 1 else f"{names[0]}, ..."
        parts += [
            f'<rect class="box" x="{left}" y="{top + 4}" width="{WIDTH - left - PAD}" height="{ROW - 8}" rx="4"/>',
            f'<text class="name" x="{left + 12}" y="{top + ROW / 2 + 5:g}">{escape(name)}</text>',
            f'<text class="what" x="{left + NAME}" y="{top + 20}">{escape(what)}</text>',
            f'<text class="what" x="{left + NAME}" y="{top + 35}">imports {escape(_short(room.below))}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])


def _short(below: str) -> str:
    return below if len(below) <= 74 else f"{below[:72].rsplit(' ', 1)[0]} ..."
