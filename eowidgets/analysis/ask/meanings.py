"""Meaning of single words for programs: the table behind :mod:`.accounted`.

A word is harmless, or it represents one of several facts of a program, written ``"field:value"`` as in
:func:`.accounted.facts`. A word in neither list is not accounted for. The lists are in ``meanings.txt``.
"""

from __future__ import annotations

from pathlib import Path

from eowidgets.analysis.ask.lexicon import HARMLESS as FUNCTION_WORDS

_FILE = Path(__file__).with_name("meanings.txt")


def _read() -> tuple[dict[str, frozenset[str]], frozenset[str], frozenset[str]]:
    """Read the words with their facts, the harmless words, and the words that are not harmless despite the lexicon."""
    sets: dict[str, set[str]] = {}
    words: dict[str, set[str]] = {}
    plain: dict[str, set[str]] = {"harmless": set(), "strict": set()}
    name = ""
    facts: list[str] = []
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        mark, *rest = line.split() or ["#"]
        if mark == "=":
            name, rest = rest[0], rest[1:]
        if mark in ("=", "=+"):
            sets.setdefault(name, set()).update(rest)
        elif mark in ("##", "##+"):
            facts = rest if mark == "##" else [*facts, *rest]
        elif not mark.startswith("#") and facts[0] in plain:
            plain[facts[0]].update(line.split())
        elif not mark.startswith("#"):
            meant = {f for fact in facts for f in sets.get(fact, {fact})}
            for word in line.split():
                words.setdefault(word, set()).update(meant)
    found = {word: frozenset(meant) for word, meant in words.items()}
    return found, frozenset(plain["harmless"]), frozenset(plain["strict"])


#: Word -> facts of which a program must have one.
MEANINGS, _FILLERS, _STRICT = _read()
#: Polite words, fillers, and verbs that ask for any answer.
HARMLESS = (FUNCTION_WORDS - _STRICT) | _FILLERS
