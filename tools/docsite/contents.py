"""Contents of the site: paths of the repository's pages in the site, and the navigation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: Guides by job: title of the job and the pages of docs/, in reading order.
JOBS = {
    "Get data": ("opening-data", "finding-data", "local-store", "embeddings"),
    "Look at it": ("viewer", "charts"),
    "Fill gaps": ("filling", "units"),
    "Find change": ("change", "change-networks"),
    "Forecast": ("forecasting", "forecast-panel"),
    "Measure and report": ("accuracy", "parcels", "stations", "seasons-and-trends", "report"),
    "Teach a map": ("labels", "teaching", "teach-panel", "trainable-models", "similar-places", "encoders"),
    "Ask": ("ask",),
    "Run and write models": (
        "running-models",
        "engine",
        "clusters",
        "your-own-files",
        "your-own-model",
        "outputs",
        "training",
        "plug-ins",
    ),
    "Give a workshop": ("workshops", "notebook-tests"),
}
#: Pages about the project: path in the repository and in the site.
PROJECT = {
    "docs/glossary.md": "glossary.md",
    "docs/compared.md": "compared.md",
    "docs/style.md": "style.md",
    "docs/architecture.md": "architecture.md",
    "docs/packaging.md": "packaging.md",
    "benchmarks/RESULTS.md": "results.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "conduct.md",
    "SECURITY.md": "security.md",
    "eowidgets/samples/ATTRIBUTION.md": "attribution.md",
    "data/licences/README.md": "licences.md",
}


def pages(root: Path) -> dict[str, str]:
    """Return path in the repository -> path in the site, of every page and picture of the site.

    Raises
    ------
    ValueError
        If a page of docs/ has no place in the navigation.
    """
    found = {"README.md": "index.md", **PROJECT}
    found |= {f"docs/{name}.md": f"guides/{name}.md" for names in JOBS.values() for name in names}
    there = {p.relative_to(root).as_posix() for p in root.glob("docs/*.md")}
    if missing := there - set(found):
        raise ValueError(f"These pages have no place in the navigation: {sorted(missing)}; add them to {__file__}.")
    for path in sorted(root.glob("notebooks/**/*.ipynb")):
        if not path.parent.name.startswith("."):
            way = path.relative_to(root).as_posix()
            found[way] = way.replace("notebooks/", "tutorials/").replace(".ipynb", ".md")
    for path in sorted(root.glob("eowidgets/models/**/README.md")):
        way = path.relative_to(root / "eowidgets" / "models")
        found[path.relative_to(root).as_posix()] = f"systems/{'-'.join(way.parent.parts)}.md"
    for path in sorted(root.glob("docs/images/*")):
        found[path.relative_to(root).as_posix()] = f"images/{path.name}"
    return found


def navigation(root: Path, found: dict[str, str], api: list[tuple[str, str]]) -> list[Any]:
    """Return the navigation in the form of MkDocs."""
    main = [v for k, v in found.items() if k.startswith("notebooks/") and k.count("/") == 1]
    languages = {"de": "Deutsch", "es": "Español"}
    translated = [
        {languages.get(code, code): [v for k, v in found.items() if k.startswith(f"notebooks/{code}/")]}
        for code in sorted({k.split("/")[1] for k in found if k.startswith("notebooks/") and k.count("/") == 2})
    ]
    systems = [v for v in found.values() if v.startswith("systems/")]
    return [
        {"Start": "index.md"},
        {"Tutorials": [*main, *translated]},
        {"Guides": [{job: [f"guides/{name}.md" for name in names]} for job, names in JOBS.items()]},
        {"API": ["api/index.md", *({title: path} for title, path in api)]},
        {"Systems": ["systems/index.md", {"Publications": "systems/publications.md"}, *systems]},
        {"Gallery": "gallery.md"},
        {"Project": list(PROJECT.values())},
    ]
