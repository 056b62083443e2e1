"""Sizes of SkySense: the small shipped one, and that of the paper."""

from __future__ import annotations

from dataclasses import dataclass

OPTICAL, RADAR, FINE = "s2", "s1", "hr"


@dataclass(frozen=True, slots=True)
class BranchConfig:
    """The spatial encoder of one source.

    Parameters
    ----------
    channels, width, heads, depth : int
    patch : int
        Pixels of the source along one side of a patch; all sources have the same patches on the ground.
    """

    channels: int
    width: int = 64
    heads: int = 4
    depth: int = 2
    patch: int = 4


@dataclass(frozen=True, slots=True)
class SkySenseConfig:
    """Sizes of the network.

    Parameters
    ----------
    optical, radar, fine : BranchConfig
        Branches for Sentinel-2, Sentinel-1 and one high-resolution image; None leaves a branch out.
    grid : int
        Patches along one side of the images of the training; positions are interpolated for others.
    width, heads, depth : int
        Of the transformer that fuses dates and sources.
    days : int
        Number of parts of the year, each with its own embedding.
    regions : (int, int)
        Rows and columns into which the globe is cut.
    prototypes : int
        Number of vectors per region; 0 leaves the geographic context out.
    """

    optical: BranchConfig | None = BranchConfig(10)
    radar: BranchConfig | None = BranchConfig(2)
    fine: BranchConfig | None = None
    grid: int = 4
    width: int = 96
    heads: int = 4
    depth: int = 2
    days: int = 24
    regions: tuple[int, int] = (3, 6)
    prototypes: int = 8

    @property
    def branches(self) -> dict[str, BranchConfig]:
        """Existing branches, by source."""
        found = {OPTICAL: self.optical, RADAR: self.radar, FINE: self.fine}
        return {name: branch for name, branch in found.items() if branch is not None}

    @property
    def vector(self) -> int:
        """Length of the vectors: fusion and context."""
        return self.width * (2 if self.prototypes else 1)


SMALL = SkySenseConfig()
#: In the paper the high-resolution image passes through a Swin-H, here through a transformer of its width.
PAPER = SkySenseConfig(
    optical=BranchConfig(10, 1024, 16, 24),
    radar=BranchConfig(2, 1024, 16, 24),
    fine=BranchConfig(3, 1024, 16, 24, patch=32),
    grid=16,
    width=1024,
    heads=16,
    depth=24,
    days=365,
    regions=(64, 64),
    prototypes=100,
)
