"""What a result looks like: its variables, and how blended outputs become them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr

from eowidgets.contract.outputs import Output
from eowidgets.cube.grid import MAPPING, georeference
from eowidgets.cube.schema import DIMS

Array = npt.NDArray[Any]

#: Stored in class maps where there is no result.
NO_CLASS = 255


@dataclass(frozen=True)
class Variable:
    """One variable of a result, before there is any data."""

    name: str
    dims: tuple[str, ...]
    dtype: str
    attrs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fill(self) -> Any:
        """What stands where there is no result."""
        return {"float32": np.float32("nan"), "uint8": np.uint8(NO_CLASS), "bool": False}[self.dtype]


@dataclass(frozen=True)
class Frame:
    """Everything about a result but its pixels.

    Attributes
    ----------
    outputs : tuple of Output
    bands : tuple of str
        Names along the band axis of ``kind="bands"``.
    template : Dataset
        Coordinates, CRS and attributes.
    """

    outputs: tuple[Output, ...]
    bands: tuple[str, ...]
    band_attrs: Mapping[str, Mapping[str, Any]]
    template: xr.Dataset

    def shape(self, variable: Variable) -> tuple[int, ...]:
        """Lengths of the axes of a variable."""
        return tuple(self.template.sizes[d] for d in variable.dims)

    @property
    def main(self) -> Output:
        """The output whose mask becomes ``valid``: the first over time, else the first."""
        return next((o for o in self.outputs if o.dims == "tyx"), self.outputs[0])

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All variables of the result, in order."""
        found: list[Variable] = []
        for o in self.outputs:
            dims = DIMS if o.dims == "tyx" else DIMS[1:]
            if o.kind == "bands":
                found += [
                    Variable(b, dims, "float32", {**self.band_attrs.get(b, {}), "role": "band"}) for b in self.bands
                ]
            elif o.kind == "value":
                found.append(Variable(o.name, dims, "float32", _describe(o)))
            else:
                found.append(Variable(o.name, dims, "uint8", {**_describe(o), **_legend(o)}))
                words = f"Probability of {o.long_name or o.name}"
                chance = {"role": "result", "units": "1", "long_name": words, "vmin": 0.0, "vmax": 1.0}
                found.append(Variable(f"{o.name}_probability", dims, "float32", chance))
        dims = DIMS if self.main.dims == "tyx" else DIMS[1:]
        found.append(Variable("valid", dims, "bool", {"role": "mask", "long_name": "A result is given"}))
        if self.main.kind == "bands" and self.main.dims == "tyx":
            found.append(Variable("clouds", dims, "bool", {"role": "mask", "long_name": "Cloud or cloud shadow"}))
        return tuple(found)

    def finish(self, blended: Mapping[str, Array], where: Mapping[str, Array]) -> dict[str, Array]:
        """Turn blended outputs into variables: mask them, and let the likeliest class win.

        Parameters
        ----------
        blended : mapping
            Per output name, array (lead axes, h, w), float32; changed in place.
        where : mapping
            Per word of ``Output.needs``, boolean (h, w) or (t, h, w): where a result is given.
        """
        done: dict[str, Array] = {}
        for o in self.outputs:
            values, given = blended[o.name], where[o.needs]
            if o.kind == "value":
                np.copyto(values, np.nan, where=~given)
                done[o.name] = values
            elif o.kind == "bands":
                np.copyto(values, np.nan, where=~_spread(given, axis=-3))
                done |= {b: values[..., i, :, :] for i, b in enumerate(self.bands)}
            else:
                done |= _classes(o, values, given)
            if o is self.main:
                shown = given & np.isfinite(values).all(axis=-3) if o.kind == "bands" else given
                done["valid"] = (
                    np.broadcast_to(shown, (*values.shape[:1], *given.shape[-2:])) if o.dims == "tyx" else shown
                )
                if o.kind == "bands" and o.dims == "tyx":
                    done["clouds"] = np.zeros(done["valid"].shape, bool)
        return done


def _spread(given: Array, axis: int) -> Array:
    return np.expand_dims(given, axis) if given.ndim > 2 else given


def _classes(output: Output, probability: Array, given: Array) -> dict[str, Array]:
    # torch goes over the axis of classes many times faster than numpy, and hands NaN on.
    most, winner = torch.from_numpy(probability).max(dim=-3)
    chance = most.numpy()
    keep = given & ~np.isnan(chance)
    np.copyto(chance, np.nan, where=~keep)
    labels = np.array([c.value for c in output.classes], "uint8")[winner.numpy()]
    np.copyto(labels, NO_CLASS, where=~keep)
    return {output.name: labels, f"{output.name}_probability": chance}


def _describe(output: Output) -> dict[str, Any]:
    attrs: dict[str, Any] = {
        "role": "result",
        "long_name": output.long_name or output.name,
        "units": output.unit or "1",
    }
    limits = {"vmin": output.vmin, "vmax": output.vmax}
    return attrs | {name: float(v) for name, v in limits.items() if v is not None}


def _legend(output: Output) -> dict[str, Any]:
    return {
        "flag_values": np.array([c.value for c in output.classes], "uint8"),
        "flag_meanings": " ".join("_".join(c.name.split()) for c in output.classes),
        "colors": " ".join(c.color for c in output.classes),
        "nodata": NO_CLASS,
    }


def make_template(cube: xr.Dataset, out_dates: npt.NDArray[np.datetime64], *, over_time: bool) -> xr.Dataset:
    """Return coordinates and CRS of the result of a georeferenced cube, without data."""
    coords: dict[str, Any] = {name: cube[name].variable for name in ("y", "x", MAPPING)}
    if over_time:
        coords["time"] = ("time", out_dates.astype("datetime64[ns]"), dict(cube["time"].attrs))
    kept = {k: v for k, v in cube.attrs.items() if k in ("title", "sensor", "source", "attribution")}
    return georeference(xr.Dataset(coords=coords, attrs=kept))
