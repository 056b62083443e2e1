"""Write the table of systems from ``models.toml``, the cards, the READMEs and every ``weights.toml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eowidgets.contract.catalogue import OWN, Listing, read_index, registered
from eowidgets.contract.checkpoint import Checkpoint, checkpoints
from eowidgets.models.listed import IN_WORDS, listed

INTRO = """# Systems

Every model of the package: {published} that follow a publication, and those without one: {others}. This page is
generated from `models.toml`, the cards of the models, their READMEs and every `weights.toml` whenever the site is built.

*Status* names the origin of the weights. Figures are those of the cards, which also name the test data;
figures of different rows are not comparable. Where a card has none, the page of the system has what was measured, or states
that nothing was. `eow.list_models()` has the same list.
"""
HEAD = "| model | paper | status | where | figures | licence |\n|---|---|---|---|---|---|\n"


@dataclass(frozen=True, slots=True)
class System:
    """A row of the table.

    Attributes
    ----------
    row : Listing
    paper, url : str
    folder : Path
        Of the module.
    module : str
        File of the class, from the folder of the package.
    weights : tuple of Checkpoint
    readme : Path or None
    """

    row: Listing
    paper: str
    url: str
    folder: Path
    module: str
    weights: tuple[Checkpoint, ...]
    readme: Path | None

    @property
    def status(self) -> str:
        """Where the weights come from."""
        if self.weights:
            return origin_of(self.weights)
        if "eow.teach" in (self.row.use or ""):
            return "trained on your labels"
        if self.row.name.startswith("forecast-"):
            return "fitted to the series at hand"
        return "method without weights"


def origin_of(weights: Sequence[Checkpoint]) -> str:
    """Return in words where weights come from."""
    own = sum(not one.hub for one in weights)
    said = [f"{own} trained here, in `eowidgets-data`"] if own else []
    said += [f"{len(weights) - own} published, fetched from the hub"] if own < len(weights) else []
    return "weights: " + "; ".join(said)


def systems(package: Path) -> list[System]:
    """Return all systems, sorted by name.

    Raises
    ------
    ValueError
        If ``models.toml`` does not list exactly the existing models.
    """
    rows = listed()
    if missing := {row.name for row in rows} ^ set(read_index(OWN)):
        raise ValueError(f"models.toml differs in {sorted(missing)}: run  python -m eowidgets.models.listed")
    return [_system(row, package) for row in rows]


def _system(row: Listing, package: Path) -> System:
    if row.name in IN_WORDS:
        card, weights = IN_WORDS[row.name][:2]
        folder = weights.folder or package
        return System(row, card.paper, card.url, folder, _inside(folder, package), (weights,), folder / "README.md")
    cls = registered()[row.name]
    file = package / Path(*cls.__module__.split(".")[1:]).with_suffix(".py")
    weights = tuple(one for one in checkpoints(file.parent).values() if one.system == row.name)
    readmes = [p / "README.md" for p in (file.parent, *file.parent.parents) if p.is_relative_to(package / "models")]
    readme = next((path for path in readmes if path.is_file()), None)
    return System(row, cls.card.paper, cls.card.url, file.parent, _inside(file, package), weights, readme)


def _inside(path: Path, package: Path) -> str:
    return f"eowidgets/{path.relative_to(package).as_posix()}"


def page(found: list[System], pages: Mapping[str, str], package: Path) -> str:
    """Return the Markdown of the page.

    Parameters
    ----------
    found : list of System
    pages : mapping of str to str
        Path in the repository -> path in the site.
    package : Path
    """
    published = [one for one in found if one.paper]
    others = [one for one in found if not one.paper]
    families: dict[str, list[System]] = {}
    for one in published:
        families.setdefault(Path(one.module).parts[2], []).append(one)
    parts = [INTRO.format(published=len(published), others=len(others)), "## Published systems\n"]
    for family in sorted(families):
        parts += [f"### {family}\n", HEAD + "".join(_row(one, pages, package) for one in families[family])]
    parts += ["## Other methods\n", HEAD + "".join(_row(one, pages, package) for one in others)]
    return "\n".join(parts)


def linked(one: System, pages: Mapping[str, str], package: Path) -> str:
    """Return the name of a system, with a link to the page of its README where there is one."""
    readme = "" if one.readme is None else pages.get(f"eowidgets/{one.readme.relative_to(package).as_posix()}", "")
    return f"[`{one.row.name}`]({readme.removeprefix('systems/')})" if readme else f"`{one.row.name}`"


def _row(one: System, pages: Mapping[str, str], package: Path) -> str:
    name = linked(one, pages, package)
    paper = f"[{one.paper}]({one.url})" if one.paper and one.url.startswith("http") else one.paper
    licences = sorted({w.licence for w in one.weights} or {one.row.licence})
    scores = one.row.scores or ("on its page" if "](" in name else "not on the card")
    cells = (f"{name}<br>{one.row.title}", paper, one.status, f"`{one.module}`", scores, "; ".join(licences))
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"
