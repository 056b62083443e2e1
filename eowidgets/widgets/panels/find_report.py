"""The result of a search as a report."""

from __future__ import annotations

from eowidgets.analysis.measure.report.content import Report, Table
from eowidgets.cube.catalogues.found import Found


def report_of(found: Found, part: Found) -> Report:
    """Return the report of a search.

    Parameters
    ----------
    found : Found
        Everything that was found.
    part : Found
        The days chosen, which the table lists.
    """
    query = found.selection.query
    chosen = f"{len(part.dates)} of these days are chosen." if part.selection.chosen else ""
    return Report(
        f"Images of {query.catalogue.label}",
        " ".join(t for t in (found.sentence, chosen, part.estimate.sentence) if t),
        tables=[Table.of(part.table.drop(columns=["time", "thumbnail"]), "Days")],
        definitions={
            "cloud": "per cent, as the catalogue states it for whole images",
            "coverage": "share of the area within the footprints of a day",
            "bytes": "estimated size of what is read",
        },
        method={
            "area": "all that the catalogue has" if query.area is None else f"{query.area.hectares:.1f} ha",
            "dates": str(query.dates or "all"),
            "problems": " ".join(found.problems) or "none",
        },
        citations=[query.catalogue.attribution] if query.catalogue.attribution else [],
        code=part.code(),
    )
