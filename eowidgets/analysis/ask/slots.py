"""Rule-based extraction of the parts of a question (topics, dates, places, units), and tokens for the classifier."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field

from eowidgets.analysis.ask import lexicon as lex
from eowidgets.analysis.ask.dates import Found, find_dates
from eowidgets.analysis.ask.spelling import nearest, words_known

#: Maximum number of characters of a question.
LONGEST = 400
_TOKEN = re.compile(r"‹\w›|[a-z²]+(?:['-][a-z]+)*|\d+(?:\.\d+)?|[^\W\d_]+")
#: Pattern of a word that may be the name of a spectral index.
_INDEX = re.compile(r"[A-Za-z][A-Za-z0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of a question, and whether a noun names it."""

    name: str
    noun: bool
    at: int


@dataclass(slots=True)
class Slots:
    """The parts found in a question.

    Attributes
    ----------
    tokens : list of str
        Corrected words, with placeholders for the parts.
    unknown : list of str
        Words outside the vocabulary, which reduce the confidence.
    """

    text: str
    tokens: list[str] = field(default_factory=list)
    topics: list[Topic] = field(default_factory=list)
    dates: list[Found] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    drawn: bool = False
    layer: str = ""
    unit: str = ""
    min_hectares: float = 0.0
    unknown: list[str] = field(default_factory=list)
    foreign: bool = False


def clean(question: str) -> str:
    """Normalise a text: remove control characters, emoji and repeated spaces, and simplify dashes and quotes."""
    text = unicodedata.normalize("NFKC", question.replace("²", "2"))
    text = re.sub(r"[‐‑‒–—−]", "-", text).replace("’", "'").replace("`", "'")
    text = re.sub(r"(?i)\b(what|where|when|how|which|that|there|it|who)'s\b", r"\1 is", text)
    kept = (c if unicodedata.category(c)[0] in "LNPZ" or c in "+<>=^°" else " " for c in text)
    return " ".join("".join(kept).split())


def read(
    question: str,
    first: str,
    last: str,
    indices: Collection[str] = (),
    layers: Collection[str] = (),
    words: Collection[str] = (),
) -> Slots:
    """Find the parts of a question.

    Parameters
    ----------
    question : str
    first, last : str
        ISO days of the series.
    indices : collection of str
        Names of the spectral indices that the cube allows.
    layers : collection of str
        Names of the user's vector layers; untrusted text, used for comparison only.
    words : collection of str
        Vocabulary of the classifier, to which misspelt words are corrected.
    """
    original = clean(question)
    slots = Slots(text=original)
    # "How much was lost, and where?": every answer also states where.
    text = re.sub(r",?\s+and (where|when|how|by how much)\s*\?*$", "", original.lower())
    text = _take_layer(text, layers, slots)
    text = _take_indices(text, original, indices, slots)
    slots.dates = find_dates(text, first, last)
    for found in reversed(slots.dates):
        text = f"{text[: found.at]} ‹d› {text[found.to :]}"
    text = lex.SIZE.sub(lambda m: _take_size(m, slots), text)
    text = re.sub(lex.DRAWN, lambda _: _take_drawn(slots), text)
    text = lex.PLACE.sub(lambda m: _take_place(m, slots), text)
    slots.unit = next((unit for unit, pattern in lex.UNITS if pattern.search(text)), "")
    text = _correct(text, original, frozenset(words), slots)
    _take_topics(text, slots)
    return slots


def _take_layer(text: str, layers: Collection[str], slots: Slots) -> str:
    for name in sorted(layers, key=len, reverse=True):
        plain = clean(str(name)).lower()
        forms = {plain, plain.removesuffix("s"), plain + "s"} - {""}
        for form in sorted(forms, key=len, reverse=True):
            pattern = re.compile(rf"(?<!\w)(?:my |the |our )?(?:layer (?:of )?)?{re.escape(form)}(?: layer)?(?!\w)")
            # A layer called "fields" is named by "my fields", and by "fields" only if that is not a kind of land.
            if form in lex.NOUN_OF:
                pattern = re.compile(
                    rf"(?<!\w)(?:(?:my|our) {re.escape(form)}|(?:my |the )?layer (?:of )?{re.escape(form)})(?!\w)"
                )
            if pattern.search(text):
                slots.layer = str(name)
                return pattern.sub(" ‹l› ", text)
    return text


def _take_indices(text: str, original: str, indices: Collection[str], slots: Slots) -> str:
    known = {n.lower(): n for n in indices}
    for match in reversed(list(_INDEX.finditer(original))):
        word = match.group()
        name = known.get(word.lower())
        # Short names of indices are also words (PI, SI, TWI): they count only in the spelling of the catalogue.
        plain = name is not None and (word == name or (len(word) >= 4 and word.lower() not in lex.HARMLESS))
        if plain and name not in lex.INDICES and len(text) == len(original):
            slots.topics.append(Topic(str(name), True, match.start()))
            text = text[: match.start()] + " ‹i› ".ljust(len(word))[: max(len(word), 5)] + text[match.end() :]
            original = original[: match.start()] + " " * max(len(word), 5) + original[match.end() :]
    return text


def _take_size(match: re.Match[str], slots: Slots) -> str:
    slots.min_hectares = lex.hectares_of(match)
    return " ‹n› "


def _take_drawn(slots: Slots) -> str:
    slots.drawn = True
    return " ‹a› "


def _take_place(match: re.Match[str], slots: Slots) -> str:
    slots.places.append(lex.place_of(match))
    return " ‹p› "


def _take_topics(text: str, slots: Slots) -> None:
    def take(match: re.Match[str]) -> str:
        phrase = match.group(1)
        topic = lex.NOUN_OF.get(phrase) or lex.WORD_OF[phrase]
        noun = phrase in lex.NOUN_OF
        slots.topics.append(Topic(topic, noun, match.start()))
        mark = lex.MARKS.get(topic, lex.COVER_MARK)
        return f" {mark} " if noun else f" {mark} {phrase} "

    text = lex.PHRASES.sub(take, text)
    slots.topics.sort(key=lambda t: t.at)
    slots.tokens = _TOKEN.findall(text)


def _correct(text: str, original: str, words: frozenset[str], slots: Slots) -> str:
    """Correct misspelt words, and note unknown ones."""
    if not words:
        return text
    known = words | words_known()
    capitals = {w.lower() for w in re.findall(r"(?<=[a-z,] )[A-Z][a-z]+", original)}
    latin = total = 0

    def mend(match: re.Match[str]) -> str:
        nonlocal latin, total
        word = match.group()
        total += 1
        if word in known or word.rstrip("s") in known or word.replace("'s", "") in known or not word[0].isalpha():
            latin += 1
            return word
        # Names are kept: "Brasov" is not a misspelling.
        near = None if word in capitals else nearest(word, known)
        if near is None:
            slots.unknown.append(word)
            return word
        latin += 1
        return near

    text = re.sub(r"(?<![‹\w])[^\W_]+(?:['-][^\W\d_]+)*(?![›\w])", mend, text)
    slots.foreign = total >= 2 and latin / total < 0.5
    return text
