"""The choices that make the MCI model; what the paper leaves open, or what is smaller here."""

from __future__ import annotations

from dataclasses import dataclass

from eowidgets.models.change.shipped import BANDS, CLASSES


@dataclass(frozen=True, slots=True)
class MCIConfig:
    """Sizes of the MCI model of Change-Agent.

    Parameters
    ----------
    widths, depths, reductions, heads : tuple of int
        Of the Mix Transformer's four stages. MiT-B1 has 64, 128, 320, 512 channels, 2 blocks each, spatial
        reductions 8, 4, 2, 1, heads 1, 2, 5, 8.
    shrink : int
        The pictures are averaged over so many pixels first (1 in the paper: 256 pixels are seen as 256).
    layers : int
        BI3 layers of each branch (3 in the paper).
    text_width, text_layers, text_heads : int
        Of the caption decoder (512, 1, 8 in the paper).
    tells : bool
        The words see what the map shows, pooled to the cells that they attend to. In the paper the branches share the
        encoder alone; with it a short training says what it maps.
    near : bool
        The words also attend to the cells of the third stage, four times as many, with both dates' features and what the
        map shows there: enough to count houses, and to tell new ones from vanished ones. Not in the paper.
    symmetric : bool
        Average the logits of the map over both orders of the dates in evaluation mode, so that swapped dates give the same
        map. The encoder runs once. Not in the paper.
    dropout : float
    words : int
        Size of the vocabulary, the four special tokens included.
    longest : int
        Tokens of a caption, start and end included (41 in the paper).
    side : int
        Largest side, in pixels, whose positions are learned.
    """

    widths: tuple[int, ...] = (16, 32, 48, 64)
    depths: tuple[int, ...] = (1, 1, 1, 1)
    reductions: tuple[int, ...] = (8, 4, 2, 1)
    heads: tuple[int, ...] = (1, 2, 3, 4)
    shrink: int = 2
    layers: int = 3
    text_width: int = 96
    text_layers: int = 1
    text_heads: int = 4
    tells: bool = False
    near: bool = False
    symmetric: bool = False
    dropout: float = 0.1
    words: int = 400
    longest: int = 32
    side: int = 256
    classes: int = CLASSES
    channels: int = len(BANDS)


#: The shipped network; ``words`` is the size of the vocabulary.
MCI_SMALL = MCIConfig(tells=True, near=True, symmetric=True)
#: The authors' configuration: MiT-B1 on whole pixels, a caption decoder of width 512. The vocabulary depends on the captions.
MCI_PAPER = MCIConfig(
    widths=(64, 128, 320, 512),
    depths=(2, 2, 2, 2),
    heads=(1, 2, 5, 8),
    shrink=1,
    text_width=512,
    text_heads=8,
    longest=41,
)

#: Configurations by name; weights are shipped for ``"small"``.
MCI_SIZES: dict[str, MCIConfig] = {"small": MCI_SMALL, "paper": MCI_PAPER}
