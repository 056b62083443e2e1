"""Detection of burnt ground, the only cause that images allow to test, by the burn index over time."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask import tools
from eowidgets.analysis.ask.landcover import quantile
from eowidgets.cube.schema import DIMS, bands, usable
from eowidgets.errors import InputError

Mask = npt.NDArray[np.bool_]
#: Decrease of NBR from which ground counts as burnt with moderate severity, and up to which as unburnt (Key and Benson
#: 2006, USDA Forest Service RMRS-GTR-164-CD, table LA-2).
SEVERE, UNBURNT = 0.27, 0.10
#: Maximum NBR after a fire: char reflects more at 2.2 µm than in the near infrared.
CHARRED = 0.10
#: Maximum days between the last date before a fire and the first after it, and maximum ratio of red after to before:
#: felling and ploughing brighten red, char does not.
SUDDEN, BRIGHTER = 45, 1.2
#: Minimum recovery of NBR, and the days after the fire within which it is measured.
RECOVERY, LATER = 0.10, (250, 480)
#: Number of dates on each side of the decrease whose medians are compared.
SIDE = 3


def burn_signs(cube: xr.Dataset, where: Mask) -> dict[str, Any]:
    """Detect a decrease of NBR that is sudden, large, lasting and dark, and followed by recovery.

    The median over all pixels is subtracted on each date, which removes common seasons and haze.

    Parameters
    ----------
    cube : Dataset
        With near infrared, red and shortwave infrared at 2.2 µm (``swir22``).
    where : ndarray (y, x), bool

    Returns
    -------
    dict
        ``burnt`` (y, x), bool; ``fell`` (y, x), bool: NBR decreased by more than 0.1 and stayed low; ``date`` of most
        burnt pixels, or ``""``; ``fall``, the median decrease of the burnt pixels.

    Raises
    ------
    InputError
        If a band is missing, or there are fewer than six dates.
    """
    missing = [b for b in ("red", "nir", "swir22") if b not in bands(cube)]
    if missing:
        raise InputError(f"A burn index (NBR) needs the band {', '.join(missing)}, which this cube lacks.")
    seen = usable(cube).transpose(*DIMS).values & where
    red, nir, swir = (cube[n].transpose(*DIMS).values.astype(np.float32) for n in ("red", "nir", "swir22"))
    with np.errstate(divide="ignore", invalid="ignore"):
        nbr = np.where(seen, (nir - swir) / (nir + swir), np.nan).astype(np.float32)
    nbr[~np.isfinite(nbr)] = np.nan
    red = np.where(np.isfinite(nbr), red, np.nan)
    kept = np.isfinite(nbr).any(axis=(1, 2))
    nbr, red = nbr[kept], red[kept]
    days = cube["time"].values[kept].astype("datetime64[D]").astype(int)
    if len(days) < 2 * SIDE:
        raise InputError(f"Detecting a fire needs {2 * SIDE} clear dates or more, but this time has {len(days)}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # pixels without any observation
        usual = np.nanmedian(nbr, axis=(1, 2), keepdims=True)
        level = np.nanmedian(usual)
        flat = nbr - usual + level
    best = np.zeros(where.shape, np.float32)
    at = np.full(where.shape, -1)
    after = np.full(where.shape, np.nan, np.float32)
    bright = np.full(where.shape, np.nan, np.float32)
    for t in range(SIDE, len(days) - SIDE + 1):
        if days[t] - days[t - 1] > SUDDEN:
            continue
        before, late = (quantile(flat[s], 0.5) for s in (slice(t - SIDE, t), slice(t, t + SIDE)))
        fall = before - late
        better = np.isfinite(fall) & (fall > best)
        if not better.any():
            continue
        was, now = (quantile(red[s], 0.5) for s in (slice(t - SIDE, t), slice(t, t + SIDE)))
        best[better], at[better] = fall[better], t
        after[better] = quantile(nbr[t : t + SIDE], 0.5)[better]
        with np.errstate(divide="ignore", invalid="ignore"):
            bright[better] = (now / was)[better]
    fell = best > UNBURNT
    burnt = (best >= SEVERE) & (after <= CHARRED) & (bright <= BRIGHTER) & _recovered(flat, days, at)
    burnt = tools.objects(burnt & where, cube)["mask"]
    fell = tools.objects(fell & where, cube)["mask"]
    date = ""
    if burnt.any():
        date = str(np.datetime64(int(np.median(days[at[burnt]])), "D"))
    return {"burnt": burnt, "fell": fell, "date": date, "fall": float(np.median(best[burnt])) if burnt.any() else 0.0}


def _recovered(flat: npt.NDArray[np.float32], days: npt.NDArray[np.int_], at: npt.NDArray[np.int_]) -> Mask:
    """Return the pixels whose NBR increased again by the same days of the next year."""
    out = np.zeros(at.shape, bool)
    for t in np.unique(at[at >= 0]):
        here = at == t
        later = (days >= days[t] + LATER[0]) & (days <= days[t] + LATER[1])
        if not later.any():
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            back = np.nanmedian(flat[later][:, here], axis=0) - np.nanmedian(flat[t : t + SIDE][:, here], axis=0)
        out[here] = back >= RECOVERY
    return out


def any_burnt(found: dict[str, Any]) -> bool:
    """Return whether any patch is burnt."""
    return bool(found["burnt"].any())
