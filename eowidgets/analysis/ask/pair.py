"""Input and output of DeltaVLM: two pictures of the same 128 m, and an answer in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask.still import ABOUT, SEEN, _metres
from eowidgets.analysis.ask.tools import between
from eowidgets.cube.grid import geobox
from eowidgets.cube.schema import bands, usable
from eowidgets.errors import InputError

BANDS = ("red", "green", "blue")
#: Side of the input of the network in metres, and the coarsest pixels that can be resampled to its 2 m.
SIDE_M, COARSEST = 128.0, 2.0
#: Words for the subject of a question; a question without any of them refers to the previous turn.
_SUBJECTS = frozenset(
    "change changed changes different difference building buildings built house houses road roads new anything".split()  # noqa: SIM905
)
_POINTING = frozenset(("it", "they", "them", "ones", "too"))
#: Verbs of complete sentences; answers without one are chosen from a small set.
_VERBS = frozenset("is are has have seem appear appears disappear disappears".split())  # noqa: SIM905


def fits(cube: xr.Dataset) -> bool:
    """Return whether a cube is a pair of fine pictures: red, green, blue, pixels of at most 2 m, two dates or more."""
    if cube.sizes["time"] < 2 or any(b not in bands(cube) for b in BANDS):
        return False
    return max(_metres(geobox(cube))) <= COARSEST * (1 + ABOUT)


def two_pictures(cube: xr.Dataset, start: str = "", end: str = "") -> dict[str, Any]:
    """Return the first and the last clear date of the middle 128 m of a cube.

    Returns
    -------
    dict
        ``before`` and ``after`` (3, 64, 64), in pixels of 2 m; ``row``, ``column`` and ``size`` (rows, columns) of
        their place in the cube; ``dates``.

    Raises
    ------
    InputError
        If the cube is smaller than that, or two such dates are missing.
    """
    import torch
    from torch.nn import functional

    from eowidgets.models.vqa.deltavlm.config import DeltaVLMConfig

    cut = between(cube, start, end) if start or end else cube
    metres_x, metres_y = _metres(geobox(cube))
    rows, columns = round(SIDE_M / metres_y), round(SIDE_M / metres_x)
    height, width = cube.sizes["y"], cube.sizes["x"]
    if rows > height or columns > width:
        raise InputError(f"The network DeltaVLM needs {SIDE_M:g} m, and the cube is smaller: ask without the network.")
    top, left = (height - rows) // 2, (width - columns) // 2
    place = cut.isel(y=slice(top, top + rows), x=slice(left, left + columns))
    seen = usable(place).transpose("time", "y", "x").values.mean(axis=(1, 2)) >= SEEN
    at = np.flatnonzero(seen)
    if len(at) < 2:
        raise InputError("No two dates show nine tenths of the picture without cloud.")
    pair = place.isel(time=[int(at[0]), int(at[-1])])
    x = torch.from_numpy(
        np.stack([pair[b].transpose("time", "y", "x").values for b in BANDS], axis=1).astype(np.float32)
    )
    side = DeltaVLMConfig().side
    small = functional.interpolate(x.nan_to_num(), (side, side), mode="area").numpy()
    days = tuple(str(t)[:10] for t in pair["time"].values)
    return {
        "before": small[0], "after": small[1], "row": top, "column": left, "size": (rows, columns), "dates": days,
    }  # fmt: skip


def follows(question: str) -> bool:
    """Return whether a question is incomplete without the previous one.

    Examples
    --------
    >>> follows("And where?"), follows("and roads?"), follows("Where were buildings built?")
    (True, True, False)
    """
    from eowidgets.models.vqa.text import words

    said = words(question)
    if not said:
        return False
    return said[0] == "and" or said[:2] == ["what", "about"] or bool(_POINTING & set(said)) or not _SUBJECTS & set(said)


def never_read(question: str) -> list[str]:
    """Return the words of a question that are not in the training data of DeltaVLM."""
    from eowidgets.models.vqa.cards import ready

    return ready("DeltaVLM").read.strange(question)


def compare_pictures(pictures: dict[str, Any], instruction: str) -> dict[str, Any]:
    """Ask DeltaVLM about a pair.

    Parameters
    ----------
    pictures : dict
        From :func:`two_pictures`.
    instruction : str
        A question, or ``"question | answer | next question"``.

    Returns
    -------
    dict
        ``answer``; ``confidence`` 0..1: the probability of the answer, calibrated on simulated pairs, or for a complete
        ``sentence`` (True) the mean probability of its words, not calibrated; ``looked`` (8, 8), the attention of the
        last layer of the Q-former, which sums to one.
    """
    import torch

    from eowidgets.models.change.pictures import standardised, statistics
    from eowidgets.models.vqa.cards import ready
    from eowidgets.models.vqa.deltavlm.network import certainty
    from eowidgets.models.vqa.text import words as split

    model = ready("DeltaVLM")
    network = model.network
    x = torch.from_numpy(np.stack([pictures["before"], pictures["after"]]))
    x = standardised(x, *statistics(x))
    line = torch.tensor([model.read.encode(instruction, network.config.longest_read)])
    said, logits, weights = network.answer(x[:1], x[1:], line)
    text = model.write.decode(said[0].tolist()) if model.write is not None else ""
    chance = float(certainty(said, logits, model.temperature)[0])
    sentence = bool(_VERBS & set(split(text)))
    if sentence:
        chance = chance ** (1 / max(int((said != 0).sum()), 1))
    looked = weights[0].float().mean(dim=(0, 1)).reshape(2, -1).sum(dim=0)
    side = round(looked.numel() ** 0.5)
    return {
        "answer": text,
        "value": {"yes": True, "no": False}.get(text, text),
        "confidence": chance,
        "sentence": sentence,
        "looked": looked.reshape(side, side).numpy(),
    }


def most_looked(looked: npt.NDArray[np.floating[Any]], size: tuple[int, int], share: float = 0.15) -> Any:
    """Return the mask (rows, columns) of the part of the picture with the highest attention."""
    import torch
    from torch.nn import functional

    fine = functional.interpolate(torch.from_numpy(looked)[None, None], size, mode="bilinear")[0, 0].numpy()
    return fine >= np.quantile(fine, 1 - share)
