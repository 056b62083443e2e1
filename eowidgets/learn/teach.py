"""``eow.teach``: train a model on a cube and labels, and test it on held-out blocks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from eowidgets.arguments import Seed, checked
from eowidgets.contract.labels import ClassInfo, Labels
from eowidgets.contract.labels.naming import palette
from eowidgets.contract.prepare import resolution_of
from eowidgets.contract.registry import get_model
from eowidgets.contract.target import Target
from eowidgets.contract.trainable import Progress, Trainable
from eowidgets.cube import schema
from eowidgets.cube.admission import admit
from eowidgets.cube.grid import georeference
from eowidgets.cube.quantity import quantity
from eowidgets.cube.vectors import EMBEDDING, as_bands
from eowidgets.engine.reader import input_summary
from eowidgets.errors import InputError, shown
from eowidgets.learn.blocks import Blocks, make_blocks
from eowidgets.learn.calibration import calibration_error, interval, temperature
from eowidgets.learn.candidates import Candidate, Features, OfFeatures, OfNetwork
from eowidgets.learn.evaluation import Evaluation, evaluate
from eowidgets.learn.material import CubeMaterial, Material
from eowidgets.learn.selection import Selected, compare, select
from eowidgets.learn.table_material import TableMaterial
from eowidgets.models.encode.ranking import best_encoder
from eowidgets.models.taught.heads import HEADS
from eowidgets.models.taught.model import TaughtModel

if TYPE_CHECKING:
    from eowidgets.contract.choice import Choice

AUTO = "auto"
#: Compared features, from simple to complex, for several dates and for few dates.
SEASONAL = ("statistics", "months", "harmonics", "series")
STILL = ("mean", "texture")
#: Dates below which a cube has no season, and metres below which texture is always compared.
DATES, FINE = 6, 5.0
#: Dates per year above which fortnights are also compared.
DENSE = 20
#: Heads that are compared on the best features only; the others are compared on all.
LATER = ("neighbours", "boosting", "mlp", "committee")
#: Feature sets on which all heads are compared.
PROMISING = 3


@checked
def teach(
    cube: xr.Dataset | Mapping[str, xr.Dataset] | pd.DataFrame,
    labels: Any,
    features: str | Sequence[str] = AUTO,
    model: str | Trainable = AUTO,
    *,
    column: str | None = None,
    value: str | None = None,
    groups: Any = None,
    yearly: bool | None = None,
    seed: Seed = 0,
    progress: Progress | None = None,
) -> Trainable:
    """Train a model on labels, and test it on blocks of ground that it was not trained on.

    Parameters
    ----------
    cube : Dataset, mapping of Datasets, or DataFrame
        As :func:`eowidgets.run` takes it: a cube, a cube for each source of a model, or a table of series. The numbers of
        a cube of vectors, such as published embeddings, are the features.
    labels : Labels, or whatever ``eow.Labels.of`` takes
        Points, lines, polygons, a class raster, or shapes drawn in a viewer. For a table: a column of it, or a mapping or
        Series from the names in its column ``id`` to classes or numbers.
    features : str or sequence of str
        ``"auto"`` compares several sets, and the vectors of the encoder that did best on public data sets of those that take
        the cube and whose weights are installed, if it did better than plain statistics there; a name, or several to be
        compared: ``"mean"``, ``"statistics"``, ``"months"``, ``"fortnights"``, ``"harmonics"``, several of them joined by
        ``+``, ``"series"``, ``"texture"``, or the name of a registered model that returns vectors, such as ``"presto"``.
    model : str or Trainable
        ``"auto"``, a head (``"linear"``, ``"neighbours"``, ``"forest"``, ``"boosting"``, ``"mlp"``, ``"centroids"``), or a
        registered model that can be trained, such as ``"psetae"``, which needs no features.
    column, value : str, optional
        Column of the labels with the class, or with a number; by default the only sensible one.
    groups : array-like, optional
        For a table: block of each series, by ``id`` or in order; by default squares of ground, or each series.
    yearly : bool, optional
        Predict each calendar year from its own dates; by default where labels have dates.
    seed : int
    progress : callable, optional
        Called with the share that is done; it may raise to stop.

    Returns
    -------
    Trainable
        A model for :func:`eowidgets.run`, with ``report`` (scores on held-out blocks) and ``compared`` (features and heads).

    Raises
    ------
    InputError, ModelError
        In one sentence: labels outside the cube or its dates, one class only, an unknown column.

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("romania")
    >>> pins = [{"lon": 22.1505, "lat": 45.2035, "class": "forest"}, {"lon": 22.1575, "lat": 45.2062, "class": "meadow"}]
    >>> forest = eow.teach(cube, pins, features="statistics", model="linear")  # doctest: +SKIP
    >>> forest_map = eow.run(forest, cube)  # doctest: +SKIP
    """
    report = progress or (lambda _: None)
    material = material_of(cube, labels, column=column, value=value, seed=seed)
    _check(material)
    yearly = material.years if yearly is None else yearly
    blocks = make_blocks(material.x, material.y, material.label, material.truth, seed, _grouped(material, groups))
    candidates = _candidates(cube, material, features, model, bool(yearly))
    selected = _selected(candidates, material, blocks, seed, report)
    chosen = selected.candidate if selected else candidates[0]
    report(0.9)
    taught = chosen.taught(blocks, seed, lambda share: report(0.9 + 0.1 * share))
    _note(taught, material, blocks, selected, seed)
    taught.evaluation["teach"] = _record(cube, material, seed)
    report(1.0)
    return taught


def evaluation_of(model: Trainable) -> Evaluation | None:
    """Return the test of a trained model; None if no test was possible."""
    from eowidgets.learn.evaluation import Figure

    plain = model.evaluation
    if "scores" not in plain or model.target is None:
        return None
    counts = plain["confusion"]
    return Evaluation(
        model.target,
        {name: Figure(*values) for name, values in plain["scores"].items()},
        plain["majority"],
        None if counts is None else np.array(counts),
        plain["examples"],
        plain["blocks"],
        plain["folds"],
        plain["block_metres"],
        tuple(plain["notes"]),
    )


def material_of(
    cube: Any, labels: Any, *, column: str | None = None, value: str | None = None, seed: int = 0
) -> Material:
    """Convert a cube and labels, or a labelled table, to training material."""
    if isinstance(cube, pd.DataFrame):
        return _table(cube, labels, value)
    found = Labels.of(labels, column, value=value)
    main = _main(cube)
    placed = found.place(main)
    target = Target(found.name, tuple(placed.classes), found.unit)
    return CubeMaterial(cube, main, placed, target, seed, found.raster is not None)


def _main(cube: xr.Dataset | Mapping[str, xr.Dataset]) -> xr.Dataset:
    if isinstance(cube, xr.Dataset):
        return georeference(as_bands(admit(cube)))
    return georeference(admit(next(iter(cube.values()))))


def _table(table: pd.DataFrame, labels: Any, value: str | None) -> TableMaterial:
    if "id" not in table:
        raise InputError("The table has no column 'id': add one with the series of each row, as for eow.run.")
    name = "class"
    if isinstance(labels, str):
        if labels not in table:
            raise InputError(
                f"The table has no column {shown(labels)}: give one of {', '.join(map(str, table.columns))[:80]}."
            )
        name, of_series = labels, table.groupby("id", sort=False)[labels].first()
        table = table.drop(columns=labels)
    elif isinstance(labels, pd.Series | Mapping):
        of_series = pd.Series(labels)
        name = str(of_series.name or name)
    else:
        raise InputError(
            f"labels is {shown(labels)}: for a table give the name of a column, or a Series or dict by series id."
        )
    of_series = of_series.dropna()
    if value is not None or (of_series.dtype.kind == "f" and of_series.nunique() > 20):
        return TableMaterial(table, of_series.astype("float32").to_dict(), Target(value or name))
    names = sorted(map(str, of_series.unique()))
    colors = palette([None] * len(names))
    classes = tuple(ClassInfo(i, one, colors[i]) for i, one in enumerate(names))
    index = {one: i for i, one in enumerate(names)}
    return TableMaterial(table, {k: index[str(v)] for k, v in of_series.items()}, Target(name, classes))


def _check(material: Material) -> None:
    if not len(material.truth):
        raise InputError("No label is usable: give labels inside the cube and within its dates.")
    if material.target.numeric:
        if len(material.truth) < 5 or float(np.ptp(material.truth)) == 0:
            raise InputError(
                f"There are {len(material.truth)} usable labels with {len(np.unique(material.truth))} different numbers: "
                "give at least 5 different numbers."
            )
        return
    present = np.unique(material.truth)
    if len(present) < 2:
        only = material.target.classes[int(present[0])].name
        why = f" ({' '.join(material.notes)[:200].rstrip('.')})" if material.notes else ""
        raise InputError(f"All usable labels are of one class, {shown(only)}{why}: label a second class as well.")


def _grouped(material: Material, groups: Any) -> Any:
    if groups is None:
        return None
    if not isinstance(material, TableMaterial):
        raise InputError(
            "groups applies to tables of series only: leave it out, because the blocks of a cube are spatial squares."
        )
    if isinstance(groups, pd.Series | Mapping):
        by_id = pd.Series(groups)
        missing = [name for name in material.ids if name not in by_id.index]
        if missing:
            raise InputError(f"groups has no entry for the series {shown(missing[0])}: give one group per series.")
        return by_id.loc[material.ids].astype(str).to_numpy()
    if len(groups) != len(material.ids):
        raise InputError(
            f"groups has {len(groups)} entries for {len(material.ids)} labelled series: give one group per series."
        )
    return np.asarray(groups).astype(str)


def _candidates(
    cube: Any, material: Material, features: str | Sequence[str], model: str | Trainable, yearly: bool
) -> list[Candidate]:
    """Return the candidates, from simple to complex."""
    if not features:
        raise InputError("features is empty: give 'auto', or names such as 'series'.")
    if isinstance(model, Trainable) and not isinstance(model, TaughtModel):
        return [OfNetwork(model, material)]
    if isinstance(model, str) and model != AUTO and model not in HEADS:
        made = get_model(model)
        if not isinstance(made, Trainable):
            raise InputError(
                f"The model {shown(model)} cannot be trained: give 'auto', a head such as 'forest', or a trainable model."
            )
        return [OfNetwork(made, material)]
    if isinstance(model, TaughtModel):
        names, heads = [model.features], [model.head]
    else:
        names = (
            _sets(cube, material) if features == AUTO else [features] if isinstance(features, str) else list(features)
        )
        heads = [one for one in HEADS if one != "centroids" or material.target.numeric] if model == AUTO else [model]
    shared = Features(material)
    return [
        OfFeatures(TaughtModel(name, head, yearly), shared)
        for name in names
        for head in heads
        if model != AUTO or (HEADS[head].least <= len(material.truth) and (head != "centroids" or name == names[0]))
    ]


def _sets(cube: Any, material: Material) -> list[str]:
    if isinstance(material, CubeMaterial):
        if {quantity(material.main[b]).key for b in schema.bands(material.main)} == {EMBEDDING}:
            return ["mean"]  # the vector of a pixel describes a year and its surroundings
        dates, fine = material.main.sizes["time"], (resolution_of(material.main) or FINE) < FINE
        span = material.main["time"].values
    else:
        assert isinstance(material, TableMaterial)  # noqa: S101  (there are two kinds)
        first = material.table[material.table["id"] == material.ids[0]]["time"].to_numpy()
        dates, fine, span = len(first), False, first
    encoder = best_encoder(schema.bands(material.main), dates) if isinstance(material, CubeMaterial) else None
    learnt = [] if encoder is None else [encoder]
    if dates < DATES:
        few = ["mean"] if dates == 1 else ["mean", "months"]
        return [*few, "texture", *learnt] if isinstance(material, CubeMaterial) else few
    years = max(1.0, float((span.max() - span.min()) / np.timedelta64(365, "D")))
    found = [*SEASONAL, *(("fortnights",) if dates / years >= DENSE else ())]
    return [*found, *(("texture",) if fine else ()), *learnt]


def _selected(
    candidates: list[Candidate], material: Material, blocks: Blocks, seed: int, report: Progress
) -> Selected | None:
    """Compare the candidates: first feature sets, then further heads on the best of them; None if no test is possible."""
    if not blocks.folds:
        return None
    target = material.target
    first = [
        c for c in candidates if not isinstance(c, OfFeatures) or c.model.head not in LATER or len(candidates) == 1
    ]
    first = first or candidates
    outcomes = compare(first, blocks, seed, lambda share: report(0.6 * share))
    best = select(first, outcomes, target, blocks, seed)
    later = [c for c in candidates if c not in first and isinstance(c, OfFeatures)]
    if later and isinstance(best.candidate, OfFeatures):
        ranked = [s.method.split(" ")[0] for s in best.choice.scores if s.method in outcomes and np.isfinite(s.error)]
        sets = {best.candidate.model.features, *list(dict.fromkeys(ranked))[:PROMISING]}
        later = [c for c in later if c.model.features in sets]
        outcomes = compare(later, blocks, seed, lambda share: report(0.6 + 0.3 * share), outcomes)
        kept = [c for c in candidates if c.name in outcomes]
        best = select(kept, outcomes, target, blocks, seed)
    return best


def _note(taught: Trainable, material: Material, blocks: Blocks, selected: Selected | None, seed: int) -> None:
    """Calibrate a trained model, and add its scores."""
    target, notes = material.target, (*material.notes, *blocks.notes)
    if selected is None:
        taught.evaluation = {"notes": list(notes)}
        return
    o = selected.outcome
    if target.numeric:
        taught.interval = interval(o.found, o.truth)
    else:
        taught.temperature = temperature(o.answers, o.truth)
    found = evaluate(
        target,
        o.truth,
        o.found,
        o.group,
        folds=blocks.folds,
        block_metres=blocks.size,
        notes=notes,
        stands_for=material.stands_for,
        seed=seed,
    )
    taught.evaluation = found.plain()
    if not target.numeric:
        taught.evaluation["calibration_error"] = _calibration(taught, o.answers, o.truth)
    taught.choice = json.loads(selected.choice.to_json())
    scores = {f"{name.replace('_', ' ')}, held-out blocks": round(f.value, 4) for name, f in found.scores.items()}
    baseline = "RMSE of the mean" if target.numeric else "accuracy of the most frequent class"
    vars(taught)["card"] = replace(
        type(taught).card,
        scores={**scores, baseline: round(found.majority, 4)},
        data=f"{found.examples} labelled examples",
    )


def _calibration(taught: Trainable, answers: Any, truth: Any) -> float:
    known = np.isfinite(answers).all(axis=1)
    scaled = answers[known] / taught.temperature
    chances = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return round(calibration_error(chances / chances.sum(axis=1, keepdims=True), truth[known]), 4)


def _record(cube: Any, material: Material, seed: int) -> dict[str, Any]:
    """Return the training settings and inputs of a model, for its provenance."""
    digest = hashlib.sha256(np.ascontiguousarray(material.truth).tobytes())
    digest.update(np.ascontiguousarray(np.stack([material.x, material.y])).tobytes())
    found: dict[str, Any] = {
        "labels": len(np.unique(material.label)),
        "labels_sha256": digest.hexdigest(),
        "seed": seed,
    }
    if isinstance(material, CubeMaterial):
        found["input"] = input_summary(material.main, schema.bands(material.main))
    return found


def choice_of(model: Trainable) -> Choice | None:
    """Return the table of candidates compared in the training of a model."""
    from eowidgets.contract.choice import Choice

    return None if model.choice is None else Choice.from_dict(model.choice)


__all__ = ["choice_of", "evaluation_of", "teach"]
