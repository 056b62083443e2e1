"""Write a notebook with its stored outputs as a Markdown page and pictures."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def page_of(notebook: Path, pictures: Path, name: str) -> str:
    """Return the page of a notebook; its pictures are written to a folder.

    Parameters
    ----------
    notebook : Path
    pictures : Path
        Folder.
    name : str
        Prefix of the names of the pictures.

    Returns
    -------
    str
        Markdown; pictures are referred to as ``PICTURES/file``, to be replaced by the path to the folder.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    parts: list[str] = []
    for number, cell in enumerate(cells):
        text = "".join(cell["source"]).rstrip()
        if cell["cell_type"] == "markdown":
            parts.append(text)
        elif cell["cell_type"] == "code" and text:
            parts.append(f"```python\n{text}\n```")
            for place, output in enumerate(cell.get("outputs", [])):
                parts.append(_output(output, pictures, f"{name}-{number}-{place}"))
    return "\n\n".join(filter(None, parts)) + "\n"


def _output(output: dict[str, Any], pictures: Path, name: str) -> str:
    if output["output_type"] == "stream":
        return _text("".join(output["text"]))
    data = {kind: "".join(v) if isinstance(v, list) else v for kind, v in output.get("data", {}).items()}
    for kind, ending in (("image/png", "png"), ("image/jpeg", "jpg")):
        if kind in data:
            pictures.mkdir(parents=True, exist_ok=True)
            (pictures / f"{name}.{ending}").write_bytes(base64.b64decode(data[kind]))
            label = str(data.get("text/plain", "Output")).split("\n")[0].replace("[", "(").replace("]", ")")
            return f"![{label[:160]}](PICTURES/{name}.{ending})"
    if "image/svg+xml" in data:
        return data["image/svg+xml"].replace("\n\n", "\n")
    if "text/html" in data:
        html = re.sub(r"<script.*?</script>", "", data["text/html"], flags=re.DOTALL)
        # An empty line would end the block of HTML in Markdown.
        return '<div class="nb-output">' + re.sub(r"\n\s*", " ", html) + "</div>"
    if "text/markdown" in data:
        return data["text/markdown"]
    return _text(data.get("text/plain", ""))


def _text(text: str) -> str:
    text = _ANSI.sub("", text).rstrip()
    return f"```text\n{text}\n```" if text else ""
