"""Sizes of the networks that answer questions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RSVQAConfig:
    """Sizes of :class:`~eowidgets.models.vqa.rsvqa.RSVQA`.

    Parameters
    ----------
    bands : tuple of str
        Of the picture, in this order.
    side : int
        Pixels of the picture's sides.
    metres : float
        Size of a pixel.
    widths : tuple of int
        Channels of the image encoder.
    squeeze : int
        Channels that its last features are brought to before they are laid out in a row (the paper's 1 x 1 convolution).
    words, embed, hidden, longest : int
        Question encoder: vocabulary, width of a word, of the state, and words read.
    joint, head : int
        Width of the product of picture and question (1200 in the paper), and of the layer after it (256).
    answers : int
    dropout : float
    sees : bool
        False for the rival that reads the question only: its picture is blank.
    """

    bands: tuple[str, ...] = ("blue", "green", "red", "nir", "swir16")
    side: int = 64
    metres: float = 10.0
    widths: tuple[int, ...] = (32, 64, 128)
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


@dataclass(frozen=True, slots=True)
class DeltaVLMConfig:
    """Sizes of :class:`~eowidgets.models.vqa.deltavlm.DeltaVLM`.

    Parameters
    ----------
    side : int
        Pixels of the pictures' sides, as the network sees them.
    metres : float
        Size of such a pixel.
    widths : tuple of int
        Channels of the encoder that both dates share; the last is the width of everything after it.
    relate : {"csrm", "concat"}
        How the dates are put together: by the gate of the paper, or side by side (the rival).
    gate_dropout : float
        In the gate (0.5 in the paper, which trains for longer).
    queries : int
        Learned queries of the Q-former (32 in the paper).
    layers, heads : int
        Of the Q-former.
    decoder_layers : int
    read, write : int
        Vocabularies of instructions and answers.
    longest_read, longest_write : int
        Words of an instruction with the turn before it, and of an answer with start and end.
    dropout : float
    """

    side: int = 64
    metres: float = 2.0
    widths: tuple[int, ...] = (32, 64, 128)
    relate: str = "csrm"
    gate_dropout: float = 0.1
    queries: int = 8
    layers: int = 2
    heads: int = 4
    decoder_layers: int = 2
    read: int = 200
    write: int = 120
    longest_read: int = 32
    longest_write: int = 20
    dropout: float = 0.1
