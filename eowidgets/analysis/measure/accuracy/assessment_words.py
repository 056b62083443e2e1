"""Text of an accuracy assessment: units, numbers with sensible digits, and the method in one sentence."""

from __future__ import annotations

import numpy as np

from eowidgets.analysis.measure.accuracy.estimators import Estimated, Estimator

#: Unit to its written form.
UNIT_WORDS = {"ha": "ha", "km2": "km²", "m2": "m²", "pixels": "pixels"}


def unsure_words(unsure: int, used: int) -> str:
    """Return a sentence on the samples labelled "can't tell"."""
    verb = "sample was" if unsure == 1 else "samples were"
    return (
        f'{unsure} {verb} labelled "can\'t tell" ({unsure / (unsure + used):.1%}) and excluded; the estimates assume that '
        "the other samples of the stratum represent them."
    )


def nested(estimator: Estimator) -> bool:
    """Return whether each stratum is known to hold one class of the map only."""
    return estimator.present is not None and bool((estimator.present.sum(axis=1) == 1).all())


def method(estimator: Estimator, by_class: bool) -> str:
    """Return estimators and intervals in one sentence; ``by_class``: the strata are the classes of the map."""
    source = (
        "Olofsson et al. 2014, eqs. 4 to 11" if by_class else "Stehman 2014, strata other than the classes of the map"
    )
    level = f"{estimator.confidence:.4g}"
    kinds = {
        "score": "modified Wilson intervals of the strata, combined after Zou and Donner 2008",
        "normal": "normal intervals, z standard errors to each side",
    }
    difference = (
        "; areas by the difference estimator, from the areas in the map" if estimator.mapped is not None else ""
    )
    corrected = "with" if estimator.is_corrected else "without"
    return (
        f"Stratified estimators ({source}{difference}), {corrected} the finite population correction; confidence {level} by "
        f"{kinds[estimator.method]}."
    )


def percent(one: Estimated) -> str:
    """Return a share with its interval, in percent."""
    return f"{one.value:.1%}, {one.low:.1%} to {one.high:.1%}"


def digits(width: float) -> int:
    """Return the number of decimals that gives an interval three significant digits, at most 4."""
    if not np.isfinite(width) or width <= 0:
        return 1
    return int(np.clip(2 - np.floor(np.log10(width)), 0, 4))


def number(value: float, digits: int) -> str:
    """Format a number with digits in groups of three."""
    return "unknown" if not np.isfinite(value) else f"{value:,.{digits}f}".replace(",", " ")
