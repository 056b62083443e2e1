"""Build the documentation site: ``python tools/build_docs.py``; see ``make docs``.

Pages are gathered from the repository into ``build/docs-source``, where MkDocs reads them. Nothing is fetched, and every
warning is an error.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import yaml
from gallery_scenes import SCENES

from docsite import api, contents, notebooks, publications, rooms, systems
from docsite.links import rewrite

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "eowidgets"
#: Addresses that a page would fetch from; the site must work without a network.
FETCHES = re.compile(
    r"<(?:script|img|iframe|source)[^>]*\ssrc=[\"']?(?:https?:)?//|<link[^>]*rel=[\"']?stylesheet[^>]*href=[\"']?(?:https?:)?//"
)


def gather(out: Path) -> None:
    """Write all pages and ``mkdocs.yml`` into a folder."""
    shutil.rmtree(out, ignore_errors=True)
    source = out / "pages"
    found = contents.pages(ROOT)
    for origin, target in found.items():
        (source / target).parent.mkdir(parents=True, exist_ok=True)
        if target.startswith("images/"):
            shutil.copyfile(ROOT / origin, source / target)
            continue
        text = _text(origin, target, source)
        (source / target).write_text(rewrite(text, origin, target, found, ROOT), encoding="utf-8")
    (source / "images" / "rooms.svg").write_text(
        rooms.drawing(rooms.rooms(ROOT / "docs/architecture.md")), encoding="utf-8"
    )
    written = api.pages(PACKAGE / "__init__.pyi")
    known = systems.systems(PACKAGE)
    written["systems/index.md"] = systems.page(known, found, PACKAGE)
    written["systems/publications.md"] = publications.page(publications.publications(), known, found, PACKAGE)
    written["gallery.md"] = gallery(source, found)
    for target, text in written.items():
        (source / target).parent.mkdir(exist_ok=True)
        (source / target).write_text(text, encoding="utf-8")
    (source / "site.css").write_text((Path(__file__).parent / "site.css").read_text(encoding="utf-8"), encoding="utf-8")
    settings = yaml.safe_load((Path(__file__).parent / "mkdocs.yml").read_text(encoding="utf-8"))
    titles = [(title, f"api/{page}.md") for page, title, _ in api.GROUPS]
    settings |= {"docs_dir": str(source), "nav": contents.navigation(ROOT, found, titles)}
    settings["hooks"] = [str(Path(__file__).parent / "hooks.py")]
    settings["plugins"][1]["mkdocstrings"]["handlers"]["python"]["paths"] = [str(ROOT)]
    (out / "mkdocs.yml").write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _text(origin: str, target: str, source: Path) -> str:
    if origin.endswith(".ipynb"):
        name = "-".join(PurePosixPath(target).with_suffix("").parts[1:])
        text = notebooks.page_of(ROOT / origin, source / "images" / "notebooks", name)
        up = os.path.relpath("images/notebooks", PurePosixPath(target).parent)
        return text.replace("](PICTURES/", f"](@@{up}/")
    text = (ROOT / origin).read_text(encoding="utf-8")
    if origin == "docs/architecture.md":
        text = text.replace(
            "## The rooms\n", "## The rooms\n\n![The rooms: imports point down only](@@images/rooms.svg)\n", 1
        )
    return text


def gallery(source: Path, found: dict[str, str]) -> str:
    """Return the page of pictures: those of docs/images, and the largest of every notebook.

    Raises
    ------
    ValueError
        If a picture of a scene is missing, which MkDocs does not report.
    """
    if missing := [one.name for one in SCENES if not (source / "images" / f"{one.name}.png").is_file()]:
        raise ValueError(
            f"The gallery lacks the pictures {missing}: run  python tools/screenshots.py {' '.join(missing)}"
        )
    parts = ["# Gallery\n", "Every picture is output of the software (`make screenshots`, `make notebooks`).\n"]
    parts += [f"## [{scene.title}]({scene.page})\n\n![{scene.alt}](images/{scene.name}.png)\n" for scene in SCENES]
    for page in (v for k, v in found.items() if k.startswith("notebooks/") and k.count("/") == 1):
        text = (source / page).read_text(encoding="utf-8")
        pictures = re.findall(r"!\[([^\]]*)\]\(\.\./(images/notebooks/[^)]+)\)", text)
        if pictures:
            label, path = max(pictures, key=lambda one: (source / one[1]).stat().st_size)
            title = re.search(r"^# (.*)$", text, re.MULTILINE)
            parts.append(f"## [{title[1] if title else page}]({page})\n\n![{label}]({path})\n")
    return "\n".join(parts)


def check_offline(site: Path) -> None:
    """Check that no page fetches from another host.

    Raises
    ------
    ValueError
        Naming the page and the address.
    """
    for page in sorted(site.rglob("*.html")):
        if found := FETCHES.search(page.read_text(encoding="utf-8")):
            raise ValueError(f"{page.relative_to(site)} fetches from another host: {found[0][-120:]}")
    for sheet in sorted(site.rglob("*.css")):
        if found := re.search(r"(?:@import|url\()\s*[\"']?https?://[^)\"']*", sheet.read_text(encoding="utf-8")):
            raise ValueError(f"{sheet.relative_to(site)} fetches from another host: {found[0][-120:]}")


def main(arguments: list[str] | None = None) -> None:
    """Gather, build and check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="folder of docs-source/ and site/")
    out = parser.parse_args(arguments).out.resolve()
    gather(out / "docs-source")
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "-f",
        str(out / "docs-source" / "mkdocs.yml"),
    ]
    tools = str(ROOT / "tools")
    paths = os.pathsep.join(filter(None, (tools, str(ROOT), os.environ.get("PYTHONPATH", ""))))
    environment = {**os.environ, "PYTHONPATH": paths, "NO_MKDOCS_2_WARNING": "true"}
    subprocess.run([*command, "-d", str(out / "site")], check=True, env=environment)
    check_offline(out / "site")
    print(f"The site is in {out / 'site'}. Searching needs a server:  python -m http.server -d {out / 'site'}")
