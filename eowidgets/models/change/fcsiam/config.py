"""Sizes of FC-Siam-diff."""

from __future__ import annotations

from dataclasses import dataclass

from eowidgets.models.change.shipped import BANDS, CLASSES


@dataclass(frozen=True, slots=True)
class SiamDiffConfig:
    """Sizes of FC-Siam-diff; the paper's widths are 16, 32, 64, 128 with dropout 0.2.

    Parameters
    ----------
    symmetric : bool
        Average the logits over both orders of the dates in evaluation mode. As published, the decoder starts from the
        features of the second date, so the order of the dates matters although the skips are absolute differences.
    """

    widths: tuple[int, ...] = (16, 33, 66, 116)
    dropout: float = 0.1
    symmetric: bool = False
    classes: int = CLASSES
    channels: int = len(BANDS)


#: The shipped network, with the size of the shipped LENet.
SIAMDIFF_SMALL = SiamDiffConfig(widths=(16, 28, 56, 92), symmetric=True)
#: Widths and dropout of the paper; two classes.
SIAMDIFF_PAPER = SiamDiffConfig(widths=(16, 32, 64, 128), dropout=0.2, classes=2)

#: Configurations by name; weights are shipped for ``"small"``.
SIAMDIFF_SIZES: dict[str, SiamDiffConfig] = {"small": SIAMDIFF_SMALL, "paper": SIAMDIFF_PAPER}
