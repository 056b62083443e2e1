"""The target of a model: classes, or a number."""

from __future__ import annotations

from dataclasses import dataclass

from eowidgets.contract.labels import ClassInfo


@dataclass(frozen=True, slots=True)
class Target:
    """Target of a model that is trained on labels: classes, or a number.

    Parameters
    ----------
    name : str
        Name of the output, such as ``"crop"`` or ``"biomass"``.
    classes : tuple of ClassInfo
        Empty for a number.
    unit : str
        Unit of a number.

    Examples
    --------
    >>> Target("biomass", unit="Mg/ha").numeric
    True
    """

    name: str
    classes: tuple[ClassInfo, ...] = ()
    unit: str = ""

    @property
    def numeric(self) -> bool:
        """Whether it is a number."""
        return not self.classes
