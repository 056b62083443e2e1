"""The contents of a kit, as recorded in its ``kit.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from eowidgets.contract.hub import is_file_below
from eowidgets.contract.toml_text import to_toml
from eowidgets.errors import InputError, shown

#: Name of the file of contents, of the instructions, and of the folder of weights in a kit.
NOTE, README, WEIGHTS = "kit.toml", "README.md", "weights"
VERSION = 1


@dataclass(frozen=True)
class Contents:
    """The contents of a kit.

    Attributes
    ----------
    title, store : str
        Title of the cube; name of its store.
    notebooks, models : tuple of str
        Names of the notebooks; names or files of the models whose weights are packed.
    package : str
        Version of eowidgets that packed the kit.
    files : mapping of str to str
        SHA-256 of every file but ``kit.toml``, by its path in the kit.
    """

    title: str
    store: str
    notebooks: tuple[str, ...]
    models: tuple[str, ...]
    package: str
    files: Mapping[str, str]

    def text(self) -> str:
        """Return the contents as TOML."""
        about = {"version": VERSION, "title": self.title, "store": self.store, "package": self.package}
        return to_toml(
            {**about, "notebooks": self.notebooks, "models": self.models, "files": dict(sorted(self.files.items()))}
        )

    @classmethod
    def parse(cls, text: bytes, name: str) -> Contents:
        """Parse the text that :meth:`text` wrote.

        Parameters
        ----------
        text : bytes
        name : str
            Name of the kit, for messages.

        Raises
        ------
        InputError
            If it is not such a text, or names a file outside the kit.
        """
        try:
            found = tomllib.loads(text.decode("utf-8"))
            files = found["files"]
            if found["version"] != VERSION or not all(_is_sum(v) for v in files.values()):
                raise ValueError
            books, models = (tuple(map(str, found.get(k, ()))) for k in ("notebooks", "models"))
            parsed = cls(str(found["title"]), str(found["store"]), books, models, str(found["package"]), dict(files))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{shown(name)} is not a kit: its {NOTE} is damaged or of another version.") from None
        bad = [p for p in (*parsed.files, parsed.store, *parsed.notebooks) if not is_path_in_kit(p)]
        if bad or len(PurePosixPath(parsed.store).parts) != 1:
            raise InputError(
                f"{shown(name)} names a file outside the kit, {shown((bad or [parsed.store])[0])}: nothing was unpacked."
            )
        return parsed

    def readme(self) -> str:
        """Return the instructions."""
        lines = [
            f"# {self.title}",
            "",
            "Once, with a network:",
            "",
            f'    pip install "eowidgets[lab]=={self.package}"',
            "",
        ]
        lines += ["Then, in this folder, without a network:", "", f"    eow lab {self.first}", ""]
        lines += [f"`{self.store}` is the cube: `eow.open({self.store!r})`."]
        if self.models:
            lines += [f"Weights of {', '.join(self.models)} are included; the first cell of each notebook uses them."]
        return "\n".join([*lines, f"`{NOTE}` has the SHA-256 of every file."]) + "\n"

    @property
    def first(self) -> str:
        """Argument of ``eow lab``: the first notebook, quoted; empty without one."""
        return f'"{self.notebooks[0]}"' if self.notebooks else ""


def is_path_in_kit(path: str) -> bool:
    """Return whether a path names a file below the folder of a kit, on every system."""
    parts = PurePosixPath(path).parts
    return (
        is_file_below(path)
        and path.isprintable()
        and "/".join(parts) == path
        and not any(p.endswith((" ", ".")) for p in parts)
    )


def _is_sum(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and all(c in "0123456789abcdef" for c in value)
