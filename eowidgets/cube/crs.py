"""The CRS of a raw Dataset, wherever its source states it."""

from __future__ import annotations

from typing import Any

import xarray as xr

from eowidgets.errors import InputError

#: Attributes of a grid mapping that state a CRS.
_STATED = ("crs_wkt", "spatial_ref", "grid_mapping_name", "proj4", "proj_string", "epsg_code")


def with_crs(cube: xr.Dataset) -> xr.Dataset:
    """Return a Dataset whose CRS is stated by the coordinate ``spatial_ref`` alone.

    The CRS is looked for in the grid mapping of the variables under any name (as WKT, PROJ text, or by CF
    parameters), and in the attribute ``crs`` as rioxarray and stackstac write it.

    Raises
    ------
    InputError
        If there is none, or PROJ cannot read it.
    """
    names = _mappings(cube)
    if "spatial_ref" in cube.coords and names == ["spatial_ref"] and _has_wkt(cube["spatial_ref"]):
        return cube  # as rioxarray writes it
    crs = next((c for n in names if (c := _stated(cube[n])) is not None), None)
    if crs is None:
        crs = _in_attributes(cube)
    if crs is None:
        raise InputError("The data have no CRS: set it with  data = data.rio.write_crs('EPSG:...')  and open that.")
    transform = next((t for n in names if (t := cube[n].attrs.get("GeoTransform"))), None)
    cube = cube.drop_vars([n for n in names if cube[n].ndim == 0 or n == "spatial_ref"])
    attrs = {k: v for k, v in cube.attrs.items() if k not in ("crs", "grid_mapping")}
    plain = cube.assign_attrs(attrs)
    plain.attrs = attrs
    for name in plain.variables:
        plain[name].attrs.pop("grid_mapping", None)
        plain[name].encoding.pop("grid_mapping", None)
    return _written(plain, crs, transform)


def _written(cube: xr.Dataset, crs: Any, transform: str | None) -> xr.Dataset:
    import rioxarray  # noqa: F401  (registers the accessor)

    found: xr.Dataset = cube.rio.write_crs(crs.to_wkt(), grid_mapping_name="spatial_ref")
    if transform is not None:
        found["spatial_ref"].attrs["GeoTransform"] = transform
    return found


def _mappings(cube: xr.Dataset) -> list[str]:
    """Return the names of variables that state a CRS: those that others refer to, then any."""
    stated = [
        str(v.attrs.get("grid_mapping") or v.encoding.get("grid_mapping") or "").split(":")[0].strip()
        for v in cube.variables.values()
    ]
    others = [str(n) for n, v in cube.variables.items() if v.ndim == 0 and any(k in v.attrs for k in _STATED)]
    return [n for n in dict.fromkeys([*stated, *others]) if n in cube.variables]


def _has_wkt(variable: xr.DataArray) -> bool:
    return bool(variable.attrs.get("crs_wkt") or variable.attrs.get("spatial_ref"))


def _stated(variable: xr.DataArray) -> Any:
    from pyproj import CRS
    from pyproj.exceptions import ProjError

    attrs = variable.attrs
    for key in ("crs_wkt", "spatial_ref", "proj4", "proj_string", "epsg_code"):
        if attrs.get(key):
            try:
                return CRS.from_user_input(attrs[key])
            except ProjError:
                continue
    try:
        return CRS.from_cf(dict(attrs))
    except (ProjError, KeyError, ValueError, TypeError):
        return None


def _in_attributes(cube: xr.Dataset) -> Any:
    from pyproj import CRS
    from pyproj.exceptions import ProjError

    for holder in (cube, *cube.data_vars.values()):
        for key in ("crs", "epsg", "proj:epsg", "crs_wkt"):
            stated = holder.attrs.get(key)
            if stated not in (None, ""):
                try:
                    return CRS.from_user_input(stated.item() if hasattr(stated, "item") else stated)
                except (ProjError, TypeError):
                    continue
    for name in ("epsg", "proj:epsg"):
        if name in cube.coords and cube[name].ndim == 0:
            try:
                return CRS.from_epsg(int(cube[name]))
            except (ProjError, ValueError, TypeError):
                continue
    return None
