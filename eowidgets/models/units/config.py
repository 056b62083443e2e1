"""Configuration of UniTS: sizes, targets, and options that the paper's figure leaves open."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Literal

from eowidgets.errors import InputError, unknown

#: Bands in the order of the input channels; a cube may have any of them. Sentinel-2 without the 60 m bands.
BANDS = ("blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22")

#: Typical mean and standard deviation of surface reflectance, which scale all bands to a similar range.
MEANS = (0.05, 0.07, 0.07, 0.11, 0.22, 0.27, 0.29, 0.31, 0.19, 0.11)
SPREADS = (0.05, 0.05, 0.06, 0.06, 0.08, 0.09, 0.11, 0.11, 0.08, 0.07)


@dataclass(frozen=True, slots=True)
class UniTSConfig:
    """Everything needed to build the network; stored with its weights.

    Parameters
    ----------
    target : {"residual", "reflectance", "classes"}
        Variable of the flow: the difference from a base such as linear interpolation in time (better after a short
        training), standardised reflectance as in the paper, or one-hot class maps.
    predict : {"data", "velocity"}
        Output of the last layer. From a prediction x̂1 of the data the velocity follows as
        ``(x̂1 - x_t) / (1 - t)``, so both describe the same flow; "data" is well scaled at every t, and one
        step from pure noise is already the conditional mean.
    classes : int
        Number of classes when ``target="classes"``.
    aux : int
        Channels of the auxiliary modality (Sentinel-1 VV and VH).
    width, depth, heads, patch : int
        As in a vision transformer.
    mlp : float
        Width of an MLP after the two halves of a block, as a multiple of ``width``; 0 leaves it out. The figure
        shows attention only, the text says "standard DiT", which has one.
    acor, stm : bool
        Options for the ablation of the two ideas of the paper.
    acor_hidden : int
        Channels between the two layers of the convolution that computes γ and β (the paper gives no number).
    shared_modulation : bool
        Use one MLP of the flow time for all blocks with a learned offset for each (fewer parameters), or one each.
    gate : float
        Initial value of the scales α; DiT starts at 0, which is slow for short training.
    refine : int
        Channels of two convolutions at full resolution after unpatching, which remove the seams between
        patches; 0 leaves them out.
    residual_scale : float
        Reflectance that corresponds to 1 in the residual.
    bands : tuple of str
        Training bands. Others get the base: interpolation, or the mean season.
    early : float
        Solver steps end at ``(i / steps) ** early``. Differences between samples arise at small t, which equal steps
        resolve poorly.
    trust : float
        Factor on the mean correction of the base. Corrections are too large on dates unlike the training dates;
        fitted like ``widen``.
    widen : float
        Factor on the deviations of samples from their mean, which are too small after a short training; fitted after
        training on validation data.
    local : float
        Share in the prediction of a last pass of the regression on the other dates (``local.py``); fitted like ``widen``.
        The paper has no such part.
    judge : int
        Channels of the convolutions that predict clouds (``judge.py``); 0 leaves them out. Not in the paper.
    stay : float
        Probability that land keeps its class from one date to the next, fitted on training scenes; 0 leaves the class
        maps unchanged.
    passes : int
        Passes of the regression on the other dates (:func:`~eowidgets.models.units.local.repeated`) that gives the
        base on partly visible dates; with 0 the base is linear interpolation. Not in the paper.
    mix : int
        Kernels that combine the observed dates of each pixel (``mix.py``); 0 leaves them out. Not in the paper.
    season : bool
        Add fits of yearly harmonics to each pixel as candidates (``season.py``); needs ``mix``. Not in the paper.
    shrink : bool
        Multiply the residual by a learned factor that depends on the visible share of each date and on the distance
        to the next observation (``mix.py``). Not in the paper.
    place : bool
        Trained with longitude and latitude; otherwise they are not inputs.
    """

    target: Literal["residual", "reflectance", "classes"] = "residual"
    predict: Literal["data", "velocity"] = "data"
    classes: int = 0
    aux: int = 2
    width: int = 128
    depth: int = 4
    heads: int = 4
    patch: int = 4
    mlp: float = 2.0
    acor: bool = True
    stm: bool = True
    acor_hidden: int = 64
    shared_modulation: bool = True
    gate: float = 0.5
    refine: int = 24
    residual_scale: float = 0.05
    bands: tuple[str, ...] = BANDS
    early: float = 3.0
    trust: float = 1.0
    widen: float = 1.0
    local: float = 0.0
    judge: int = 0
    stay: float = 0.0
    passes: int = 0
    mix: int = 0
    season: bool = False
    shrink: bool = False
    place: bool = False

    def __post_init__(self) -> None:
        if self.width % (4 * self.heads) or self.width % 8:
            raise InputError(f"width {self.width} must be a multiple of 8 and of 4 x heads ({self.heads}).")
        if (self.target == "classes") != (self.classes > 1):
            raise InputError('Give classes >= 2 together with target="classes" only.')
        for name in self.bands:
            if name not in BANDS:
                raise unknown("band", name, BANDS)
        if self.season and not self.mix:
            raise InputError("Set mix to 1 or more together with season=True.")
        if min(self.depth, self.patch, self.heads) < 1:
            raise InputError("depth, patch and heads must be at least 1.")

    @property
    def channels(self) -> int:
        """Channels of the flow variable."""
        return self.classes if self.target == "classes" else len(BANDS)

    def to_json(self) -> str:
        """Return text for the header of a safetensors file."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> UniTSConfig:
        """Read the text of :meth:`to_json`."""
        values: dict[str, Any] = json.loads(text)
        known = {f.name for f in dataclasses.fields(cls)}
        for name in values:
            if name not in known:
                raise unknown("UniTS setting", name, known)
        if "bands" in values:
            values["bands"] = tuple(values["bands"])
        return cls(**values)


#: ``tiny`` is shipped; ``base`` has the paper's number of parameters, with the additions of ``tiny``; ``paper`` has the
#: same size without them: the flow variable is reflectance, the network predicts the velocity, and there is no refinement.
CONFIGS: dict[str, UniTSConfig] = {
    "tiny": UniTSConfig(),
    "compact": UniTSConfig(width=96, aux=0, acor_hidden=48, passes=4, mix=3, season=True, shrink=True, place=True),
    "small": UniTSConfig(width=256, depth=6, heads=8, mlp=4.0, acor_hidden=128),
    "base": UniTSConfig(width=384, depth=12, heads=12, mlp=4.0, acor_hidden=96, shared_modulation=False),
    "paper": UniTSConfig(
        target="reflectance",
        predict="velocity",
        width=384,
        depth=12,
        heads=12,
        mlp=4.0,
        acor_hidden=96,
        shared_modulation=False,
        gate=0.0,
        refine=0,
        early=1.0,
    ),
}
