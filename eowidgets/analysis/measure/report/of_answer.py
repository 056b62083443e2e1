"""The report of an answer in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import xarray as xr

from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.measure.report.content import Report, Table
from eowidgets.analysis.measure.report.maps import map_of
from eowidgets.analysis.measure.report.origin import citations, method

CONFIDENCE = "confidence of the interpretation of the question times confidence of the pixel classification"


def answer_report(answer: Answer, cube: xr.Dataset | None = None, title: str = "", date: str = "") -> Report:
    """Return the report of an answer of ``eow.ask``; parameters as for ``eow.report``."""
    notes: Mapping[str, Any] = json.loads(answer.provenance) if answer.provenance else {}
    days = sorted(answer.evidence.dates)
    masks = [
        map_of(mask, str(name).replace("_", " "), cube=cube, date=date) for name, mask in answer.evidence.masks.items()
    ]
    steps = pd.DataFrame([{"step": s.tool, "inputs": s.inputs[:120], "output": s.output[:120]} for s in answer.steps])
    images = {"Images used": f"{len(days)}, from {days[0]} to {days[-1]}"} if days else {}
    return Report(
        title=title or answer.question,
        answer=answer.text,
        figures=masks,
        tables=[Table.of(steps, "Steps of the computation")] if len(steps) else [],
        definitions={"confidence": f"{answer.confidence:.2f}: {CONFIDENCE}"},
        method={**method(notes), **images},
        citations=citations(notes, cube.attrs if cube is not None else {}),
        code=answer.code,
        notes=notes,
    )
