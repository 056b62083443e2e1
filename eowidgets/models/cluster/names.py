"""Give the clusters of a result names."""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr

from eowidgets.arguments import checked
from eowidgets.errors import InputError, shown, unknown


@checked
def named(result: xr.Dataset, names: Mapping[str, str]) -> xr.Dataset:
    """Return a result of a cluster model with other names in its legend; pixels stay as they are.

    Parameters
    ----------
    result : Dataset
        With the variable ``cluster``.
    names : mapping
        From the present name to the new one, such as ``{"cluster 1": "forest"}``. Clusters that are left out keep theirs.

    Returns
    -------
    Dataset

    Raises
    ------
    InputError
        For a result without clusters, a name that no cluster has, or a new name that is empty.

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
            raise InputError(f"The new name of {shown(old)} is empty: give a word.")
    meanings = " ".join("_".join(plain.get(name, name).split()) for name in present)
    return result.assign(cluster=result["cluster"].assign_attrs(flag_meanings=meanings))
