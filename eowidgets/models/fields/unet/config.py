"""Sizes of the U-Net for field boundaries."""

from __future__ import annotations

from eowidgets.models.blocks.unet import UNetConfig

#: The widths of Ronneberger et al. (2015), for three dates of NDVI and two classes: 31 037 698 parameters.
PAPER = UNetConfig(channels=3, outputs=2, widths=(64, 128, 256, 512, 1024))
#: The shipped network: red, green and blue of one date; other land, field, boundary.
SHIPPED = UNetConfig(channels=3, outputs=3, widths=(16, 32, 64, 96, 128))
