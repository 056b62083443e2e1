"""Sizes of RSVQA."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RSVQAConfig:
    """Sizes of :class:`~eowidgets.models.vqa.rsvqa.network.RSVQA`.

    Parameters
    ----------
    bands : tuple of str
        Input bands, in this order.
    side : int
        Side of the images in pixels.
    metres : float
        Pixel size in metres.
    widths : tuple of int
        Channels of the image encoder.
    depths : tuple of int
        Bottlenecks in the four stages of a deep encoder, whose last width is then 2048; empty for the small encoder.
    squeeze : int
        Channels of the last features before they are flattened (the paper's 1 x 1 convolution).
    words, embed, hidden, longest : int
        Question encoder: vocabulary, width of a word, width of the state, and maximum number of words.
    joint, head : int
        Width of the product of image and question (1200 in the paper), and of the following layer (256).
    answers : int
    dropout : float
    sees : bool
        False for the question-only baseline, whose image is blank.
    """

    bands: tuple[str, ...] = ("blue", "green", "red", "nir", "swir16")
    side: int = 64
    metres: float = 10.0
    widths: tuple[int, ...] = (32, 64, 128)
    depths: tuple[int, ...] = ()
    squeeze: int = 32
    words: int = 600
    embed: int = 64
    hidden: int = 192
    longest: int = 24
    joint: int = 384
    head: int = 256
    answers: int = 24
    dropout: float = 0.2
    sees: bool = True


#: The authors' configuration for the low-resolution set: ResNet-152, a question encoder of 2400 (theirs is skip-thoughts,
#: with its own vocabulary), a product of 1200, nine answers.
RSVQA_PAPER = RSVQAConfig(
    bands=("red", "green", "blue"),
    side=256,
    widths=(2048,),
    depths=(3, 8, 36, 3),
    squeeze=32,
    embed=620,
    hidden=2400,
    longest=20,
    joint=1200,
    head=256,
    answers=9,
    dropout=0.5,
)
