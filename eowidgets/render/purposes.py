"""Purposes of spectral indices in a few words, for a search by use."""

from __future__ import annotations

from functools import lru_cache

#: Names of the domains of the spyndex catalogue.
DOMAINS = {
    "vegetation": "vegetation",
    "kernel": "vegetation",
    "water": "water",
    "burn": "burned areas",
    "urban": "built-up areas",
    "soil": "bare soil",
    "snow": "snow and ice",
    "clouds": "clouds",
    "radar": "radar",
}
#: Purposes of widely used indices.
PURPOSES = {
    "NDVI": "green vegetation",
    "EVI": "dense green vegetation, forests",
    "SAVI": "sparse vegetation over bare soil",
    "MSAVI": "sparse vegetation over bare soil",
    "kNDVI": "productivity of dense vegetation",
    "GNDVI": "chlorophyll of crops",
    "NDREI": "chlorophyll and nitrogen of crops",
    "CIRE": "chlorophyll of crops",
    "NDMI": "water in leaves, drought stress",
    "NDWI": "open water, floods",
    "MNDWI": "open water near built-up land, floods",
    "AWEInsh": "open water without shadow",
    "NDTI": "turbidity of water",
    "NBR": "burned areas, fire severity",
    "NBR2": "burned areas, regrowth after fire",
    "BAIS2": "burned areas of Sentinel-2",
    "NDBI": "built-up areas, cities",
    "BI": "bare soil",
    "NDSI": "snow",
    "RVI": "vegetation volume by radar",
}


@lru_cache(maxsize=1)
def _domains() -> dict[str, str]:
    import spyndex

    return {str(k): DOMAINS.get(str(v.application_domain), "") for k, v in spyndex.indices.items()}


def domain(index: str) -> str:
    """Return the domain of an index, ``""`` for a formula.

    Parameters
    ----------
    index : str

    Examples
    --------
    >>> domain("NBR")
    'burned areas'
    """
    return _domains().get(index, "")


def purpose(index: str) -> str:
    """Return the purpose of an index, ``""`` for a formula.

    Parameters
    ----------
    index : str

    Examples
    --------
    >>> purpose("NDMI")
    'water in leaves, drought stress'
    """
    return PURPOSES.get(index, domain(index))


def in_catalogue(index: str) -> bool:
    """Return whether the spyndex catalogue has an index of this name."""
    return index in _domains()
