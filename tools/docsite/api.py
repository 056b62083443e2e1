"""Write the pages of the API from ``eowidgets/__init__.pyi``: every public name, in groups by where it lives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

#: Page, title, and the modules of its names; the first page that fits counts.
GROUPS = (
    ("data", "Data", ("cube.", "engine.fetching.", "analysis.kit.", "widgets.panels.find_panel")),
    ("look", "Viewers, maps and charts", ("widgets.viewer", "widgets.map", "widgets.chart", "widgets.explorer")),
    ("panels", "Panels", ("widgets.panels.",)),
    ("run", "Run models", ("engine.", "contract.table", "analysis.fill", "analysis.choose.", "widgets.diagnose")),
    ("answers", "Change, forecasts and questions", ("analysis.change.", "analysis.forecast.", "analysis.ask.")),
    ("measure", "Measure and report", ("analysis.measure.",)),
    ("teach", "Labels, teaching and similar places", ("learn.", "contract.labels")),
    ("models", "Models of your own", ("contract.", "models")),
    ("records", "Records and errors", ("analysis.record", "analysis.rerun", "errors")),
)
_LINE = re.compile(r"^from \.(\S*) import (\w+) as (\w+)$", re.MULTILINE)
INTRO = "Every public name of `eowidgets`, as `import eowidgets as eow` gives it; generated from `eowidgets/__init__.pyi`.\n"
#: The one public name that is a package.
PACKAGE = "models"


@dataclass(frozen=True, slots=True)
class Public:
    """A public name.

    Attributes
    ----------
    name : str
        Name after ``eow.``.
    module : str
        Where it is defined, without the name of the package.
    origin : str
        Name in that module.
    """

    name: str
    module: str
    origin: str

    @property
    def path(self) -> str:
        """Full path of the object."""
        return ".".join(filter(None, ("eowidgets", self.module, self.origin)))


def public(stub: Path) -> list[Public]:
    """Read the public names."""
    return [Public(name, module, origin) for module, origin, name in _LINE.findall(stub.read_text(encoding="utf-8"))]


def group_of(one: Public) -> str:
    """Return the page of a name.

    Raises
    ------
    ValueError
        If no group contains its module.
    """
    where = one.module or one.origin
    for page, _, prefixes in GROUPS:
        if where.startswith(prefixes):
            return page
    raise ValueError(f"{one.name} ({where}) has no group of the API pages: add its module to GROUPS in {__file__}.")


def pages(stub: Path) -> dict[str, str]:
    """Return the Markdown of each page by its path in the site."""
    names = public(stub)
    found = {}
    index = ["# API reference\n", INTRO]
    for page, title, _ in GROUPS:
        own = sorted((one for one in names if group_of(one) == page), key=lambda one: one.name.lower())
        parts = [f"# {title}\n"]
        for one in own:
            if one.name == PACKAGE:
                parts.append(f"## eow.{one.name} {{ #{one.name} }}\n")
                parts.append(
                    "The package of all models; the [systems](../systems/index.md) are listed on a page of their own.\n"
                )
                continue
            options = f"    options:\n      heading: eow.{one.name}\n      toc_label: eow.{one.name}\n"
            parts.append(f'<a id="{one.name}"></a>\n\n::: {one.path}\n{options}')
        found[f"api/{page}.md"] = "\n".join(parts)
        links = ", ".join(f"[`{one.name}`]({page}.md#{one.name})" for one in own)
        index.append(f"**[{title}]({page}.md)**: {links}\n")
    return {"api/index.md": "\n".join(index), **found}
