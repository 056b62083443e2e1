"""Scores of sentences: BLEU and CIDEr, against several reference sentences.

Words are separated by spaces: captions are compared in lower case and without punctuation, as they are stored.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from eowidgets.errors import InputError

Grams = Counter[tuple[str, ...]]
#: Width in words of CIDEr-D's penalty for a different length.
SIGMA = 6.0


def bleu(predicted: Sequence[str], target: Sequence[Sequence[str]], order: int = 4) -> float:
    """Return the corpus BLEU (Papineni et al., 2002): clipped precisions of 1 to ``order`` words, and a brevity penalty.

    Parameters
    ----------
    predicted : sequence of str
        One sentence per image.
    target : sequence of sequences of str
        Reference sentences of each image.
    order : int
        Largest n of the n-grams.

    Returns
    -------
    float
        0..1; 0 if no n-gram of ``order`` words matches.

    Examples
    --------
    >>> bleu(["a house is built"], [["a house is built", "one house appears"]])
    1.0
    """
    _check(predicted, target)
    right, all_made = np.zeros(order), np.zeros(order)
    length = closest = 0
    for sentence, references in zip(predicted, target, strict=True):
        words = sentence.split()
        others = [r.split() for r in references]
        length += len(words)
        # The reference nearest in length; ties are resolved to the shorter one.
        closest += min((abs(len(r) - len(words)), len(r)) for r in others)[1]
        for n in range(1, order + 1):
            mine, most = grams(words, n), Counter[tuple[str, ...]]()
            for other in others:
                most |= grams(other, n)
            right[n - 1] += sum((mine & most).values())
            all_made[n - 1] += sum(mine.values())
    if not (right > 0).all():
        return 0.0
    brevity = min(1.0, math.exp(1 - closest / length))
    return float(brevity * math.exp(float(np.log(right / all_made).mean())))


def cider(predicted: Sequence[str], target: Sequence[Sequence[str]], order: int = 4) -> float:
    """Return CIDEr-D (Vedantam et al., 2015): similarity to the references, with more weight for rare words.

    N-grams of 1 to ``order`` words are weighted by how few images have them in their references; the cosine with each
    reference is clipped, penalised for a different length, averaged over references and n, and multiplied by 10. The
    rarity is computed from ``target`` itself, so scores of different sets are not comparable.

    Parameters and shapes as :func:`bleu`; at least two images.

    Examples
    --------
    >>> round(cider(["a b c d", "e f g h"], [["a b c d"], ["e f g h"]]), 6)
    10.0
    """
    _check(predicted, target)
    if len(target) < 2:
        raise InputError("CIDEr weights words by how few images have them: give at least two images.")
    spoken = [[[grams(r.split(), n) for n in range(1, order + 1)] for r in references] for references in target]
    seen: Grams = Counter()
    for references in spoken:
        seen.update({g for r in references for counts in r for g in counts})
    total = math.log(len(target))

    def weighed(counts: list[Grams]) -> list[dict[tuple[str, ...], float]]:
        return [{g: k * (total - math.log(max(seen[g], 1))) for g, k in c.items()} for c in counts]

    scores = []
    for sentence, references in zip(predicted, spoken, strict=True):
        words = sentence.split()
        mine = weighed([grams(words, n) for n in range(1, order + 1)])
        score = 0.0
        for counts in references:
            apart = sum(counts[0].values()) - len(words)
            penalty = math.exp(-(apart**2) / (2 * SIGMA**2))
            score += penalty * sum(_cosine(a, b) for a, b in zip(mine, weighed(counts), strict=True)) / order
        scores.append(10 * score / len(references))
    return float(np.mean(scores))


def grams(words: Sequence[str], n: int) -> Grams:
    """Count the n-grams of ``n`` words."""
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def _cosine(predicted: dict[tuple[str, ...], float], target: dict[tuple[str, ...], float]) -> float:
    """Return the clipped cosine, which does not reward repetitions beyond the reference."""
    above = sum(min(v, target.get(g, 0.0)) * target.get(g, 0.0) for g, v in predicted.items())
    below = math.sqrt(sum(v * v for v in predicted.values()) * sum(v * v for v in target.values()))
    return above / below if below else 0.0


def _check(predicted: Sequence[str], target: Sequence[Sequence[str]]) -> None:
    if isinstance(predicted, str) or any(isinstance(t, str) for t in target):
        raise InputError(
            "The arguments have wrong types: give a list of sentences, and for each a list of reference sentences."
        )
    if len(predicted) != len(target) or not predicted:
        raise InputError(
            f"There are {len(predicted)} sentences for {len(target)} images: give one sentence per image, and at least one."
        )
    if not all(target):
        raise InputError("An image has no reference sentence: give at least one for each.")
