"""Sizes of DeltaVLM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class VisionSize(NamedTuple):
    """Sizes of a vision transformer; the defaults are those of EVA-CLIP-g as in BLIP-2, with width 1408."""

    patch: int = 14
    depth: int = 39
    heads: int = 16
    hidden: int = 6144


class LanguageSize(NamedTuple):
    """Sizes of a language model; the defaults are those of Vicuna-7B."""

    width: int = 4096
    depth: int = 32
    heads: int = 32
    hidden: int = 11008


@dataclass(frozen=True, slots=True)
class DeltaVLMConfig:
    """Sizes of :class:`~eowidgets.models.vqa.deltavlm.network.DeltaVLM`.

    Parameters
    ----------
    side : int
        Side of the images in pixels, as input of the network.
    metres : float
        Pixel size in metres.
    widths : tuple of int
        Channels of the encoder that both dates share; the last is the width of CSRM, and of the Q-former and the decoder
        if these have no width of their own.
    vision : VisionSize, optional
        Use a vision transformer as the encoder, with the last of ``widths`` as its width.
    language : LanguageSize, optional
        Use a language model as the decoder, with the outputs of the Q-former before the words of the answer.
    marks : bool
        Normalise the tokens after CSRM, and add embeddings of position and date. The paper has neither.
    relate : {"csrm", "concat"}
        Combination of the dates: the gate of the paper, or concatenation (the baseline).
    gate_dropout : float
        Dropout of the gate (0.5 in the paper, which trains for longer).
    gate_bias : bool
        Add biases to the gate, as in the reference code.
    queries : int
        Learned queries of the Q-former (32 in the paper).
    layers, heads : int
        Of the Q-former.
    width : int
        Of the Q-former; 0 for the last of ``widths``.
    look_every : int
        Distance between Q-former layers that attend to the images (2 in BLIP-2).
    decoder_layers : int
    read, write : int
        Vocabularies of instructions and answers.
    longest_read, longest_write : int
        Words of an instruction with the previous turn, and of an answer with start and end.
    dropout : float
    """

    side: int = 64
    metres: float = 2.0
    widths: tuple[int, ...] = (32, 64, 128)
    vision: VisionSize | None = None
    language: LanguageSize | None = None
    marks: bool = True
    relate: str = "csrm"
    gate_dropout: float = 0.1
    gate_bias: bool = False
    queries: int = 8
    layers: int = 2
    heads: int = 4
    width: int = 0
    look_every: int = 1
    decoder_layers: int = 2
    read: int = 200
    write: int = 120
    longest_read: int = 32
    longest_write: int = 20
    dropout: float = 0.1


#: The authors' configuration: EVA-CLIP-g, a BERT-sized Q-former with 32 queries, Vicuna-7B.
DELTAVLM_PAPER = DeltaVLMConfig(
    side=224,
    widths=(1408,),
    vision=VisionSize(),
    language=LanguageSize(),
    marks=False,
    gate_dropout=0.5,
    gate_bias=True,
    queries=32,
    layers=12,
    heads=12,
    width=768,
    look_every=2,
    read=30_523,
    write=32_000,
)
