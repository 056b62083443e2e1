"""Configuration of the MCI model, including options that the paper leaves open and smaller sizes."""

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
        Side of the pixel blocks that are averaged first (1, no averaging, in the paper).
    layers : int
        BI3 layers of each branch (3 in the paper).
    text_width, text_layers, text_heads : int
        Of the caption decoder (512, 1, 8 in the paper).
    tells : bool
        Whether the words attend to the probabilities of the map, pooled to their cells. In the paper the branches share
        the encoder alone; with it a short training suffices for captions that match the map.
    near : bool
        Whether the words also attend to the cells of the third stage, four times as many, with both dates' features and
        the map in them: enough to count houses, and to separate new ones from vanished ones. Not in the paper.
    symmetric : bool
        Average the logits of the map over both orders of the dates in evaluation mode, so that swapped dates give the same
        map. The encoder runs once. Not in the paper.
    dropout : float
    words : int
        Size of the vocabulary, the four special tokens included.
    longest : int
        Tokens of a caption, start and end included (41 in the paper).
    side : int
        Largest side, in pixels, with learned position embeddings.
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
#: The authors' configuration: MiT-B1 at full resolution, a caption decoder of width 512. The vocabulary depends on the captions.
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
