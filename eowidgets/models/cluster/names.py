"""Rename the clusters of a result."""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr

from eowidgets.arguments import checked
from eowidgets.errors import InputError, shown, unknown


@checked
def named(result: xr.Dataset, names: Mapping[str, str]) -> xr.Dataset:
    """Return a result of a cluster model with new names in its legend; the pixels are unchanged.

    Parameters
    ----------
    result : Dataset
        With the variable ``cluster``.
    names : mapping
        From current to new names, such as ``{"cluster 1": "forest"}``. Clusters that are left out keep their names.

    Returns
    -------
    Dataset

    Raises
    ------
    InputError
        For a result without clusters, an unknown current name, or an empty new name.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.testing import tiny_cube
    >>> found = eow.run("cluster-kmeans", tiny_cube(), k=2)
    >>> named(found, {"cluster 1": "forest"})["cluster"].attrs["flag_meanings"]
    'forest cluster_2'
    """
    attrs = result["cluster"].attrs if "cluster" in result else {}
    if not isinstance(attrs.get("flag_meanings"), str):
        raise InputError("The result has no clusters: give what eow.run('cluster-kmeans', cube) returns.")
    present = [name.replace("_", " ") for name in attrs["flag_meanings"].split()]
    plain = {old.replace("_", " "): new for old, new in names.items()}
    for old, new in plain.items():
        if old not in present:
            raise unknown("cluster", old, present)
        if not new.strip():
            raise InputError(f"The new name of {shown(old)} is empty: give a name of at least one character.")
    meanings = " ".join("_".join(plain.get(name, name).split()) for name in present)
    return result.assign(cluster=result["cluster"].assign_attrs(flag_meanings=meanings))
