"""DeltaVLM: answers in words about two images of a place and an instruction in words.

After Deng et al. (2025), arXiv:2507.22346: an encoder that both dates share, the CSRM gate, an instruction-guided
Q-former, a projection and a decoder. The shipped encoder and decoder are small and were trained from scratch; in the paper
they are a large vision transformer and a language model, which the configuration also supports. See the README of this folder.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from eowidgets.models.blocks.embed import grid_positions, sinusoid
from eowidgets.models.vqa.deltavlm.config import DeltaVLMConfig, LanguageSize, VisionSize
from eowidgets.models.vqa.deltavlm.csrm import CSRM, SideBySide
from eowidgets.models.vqa.deltavlm.language import LanguageModel
from eowidgets.models.vqa.deltavlm.qformer import CrossAttention, QFormer, mlp
from eowidgets.models.vqa.deltavlm.vision import VisionTransformer
from eowidgets.models.vqa.encoder import Encoder
from eowidgets.models.vqa.text import END, NULL, START, UNKNOWN


class DecoderLayer(nn.Module):
    """Self-attention of words to previous words, and cross-attention to the outputs of the Q-former."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.own, self.found = CrossAttention(width, heads), CrossAttention(width, heads)
        self.mlp = mlp(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, memory: Tensor, later: Tensor, hidden: Tensor) -> Tensor:
        """Transform words (n, m, width)."""
        y = self.norms[0](x)
        x = x + self.dropout(self.own(y, y, later)[0])
        x = x + self.dropout(self.found(self.norms[1](x), memory, hidden)[0])
        out: Tensor = x + self.dropout(self.mlp(self.norms[2](x)))
        return out


class DeltaVLM(nn.Module):
    """Answer instructions about a pair of images.

    Parameters
    ----------
    config : DeltaVLMConfig
    """

    def __init__(self, config: DeltaVLMConfig) -> None:
        super().__init__()
        self.config = config
        seen = config.widths[-1]
        width = config.width or seen
        self.encoder: nn.Module = Encoder(3, config.widths)
        if config.vision is not None:
            # A configuration read from a file contains plain tuples.
            self.encoder = VisionTransformer(3, config.side, seen, VisionSize(*config.vision))
        csrm = config.relate == "csrm"
        self.relate: nn.Module = CSRM(seen, config.gate_dropout, config.gate_bias) if csrm else SideBySide()
        if config.marks:
            self.date = nn.Parameter(0.02 * torch.randn(2, seen))
            self.seen_norm = nn.LayerNorm(seen)
        self.read = nn.Embedding(config.read, width, padding_idx=NULL)
        self.qformer = QFormer(
            width, config.heads, config.layers, config.queries, config.dropout, seen, config.look_every
        )
        self.dropout = nn.Dropout(config.dropout)
        if config.language is not None:
            size = LanguageSize(*config.language)
            self.project = nn.Linear(width, size.width)
            self.language = LanguageModel(config.write, size)
            nn.init.normal_(self.read.weight, std=0.5)
            return
        self.project = nn.Linear(width, width)
        self.write = nn.Embedding(config.write, width, padding_idx=NULL)
        self.decoder = nn.ModuleList(
            DecoderLayer(width, config.heads, config.dropout) for _ in range(config.decoder_layers)
        )
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, config.write)
        for table in (self.read, self.write):
            nn.init.normal_(table.weight, std=0.5)

    def see(self, before: Tensor, after: Tensor) -> Tensor:
        """Return tokens (b, m, width) of both dates of images (b, 3, side, side), each standardised by itself."""
        features = self.encoder(torch.cat([before, after]))
        place: Tensor | float = 0.0
        if self.config.vision is None:
            h, w = features.shape[-2:]
            place = grid_positions(h, w, features.shape[1], features.device)
            features = features.flatten(2).transpose(1, 2)
        a, b = self.relate(*features.chunk(2))
        if not self.config.marks:
            return torch.cat([a, b], dim=1)
        return torch.cat([self.seen_norm(x) + place + self.date[i] for i, x in enumerate((a, b))], dim=1)

    def think(self, seen: Tensor, instructions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the memory (n, queries + l, width) for the decoder, its padding mask, and the Q-former's weights."""
        hidden = instructions == NULL
        place = sinusoid(torch.arange(instructions.shape[1], device=seen.device), self.read.embedding_dim)
        text = self.dropout(self.read(instructions) + place)
        found, weights = self.qformer(seen, text, hidden)
        empty = nn.functional.pad(hidden, (self.config.queries, 0))[:, None, None]
        return self.project(found), empty, weights

    def speak(self, memory: Tensor, empty: Tensor, words: Tensor) -> Tensor:
        """Return logits (n, m, write) of the word after each of ``words`` (n, m)."""
        if self.config.language is not None:
            # The words of the instruction affect the language model through the queries only.
            return cast(Tensor, self.language(memory[:, : self.config.queries], words))
        m = words.shape[1]
        place = sinusoid(torch.arange(m, device=memory.device), memory.shape[-1])
        x = self.dropout(self.write(words) + place)
        later = torch.ones(m, m, dtype=torch.bool, device=memory.device).triu(1)
        for layer in self.decoder:
            x = layer(x, memory, later, empty)
        logits: Tensor = self.head(self.norm(x))
        return logits

    def forward(self, before: Tensor, after: Tensor, instructions: Tensor, words: Tensor) -> Tensor:
        """Return the logits of every next word.

        Parameters
        ----------
        before, after : Tensor, shape (b, 3, side, side)
        instructions : Tensor, shape (b * k, l), int64
            The same number for every pair, those of the first pair first.
        words : Tensor, shape (b * k, m), int64
            Answers that begin with the start token.

        Returns
        -------
        Tensor, shape (b * k, m, write)
        """
        memory, empty, _ = self.think(self.see(before, after), instructions)
        return self.speak(memory, empty, words)

    @torch.inference_mode()
    def answer(
        self, before: Tensor, after: Tensor, instructions: Tensor, temperature: float = 1.0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Decode greedily: take the likeliest word at every step.

        Returns
        -------
        (Tensor, Tensor, Tensor)
            Words (n, m) after the start token; their logits (n, m, write), divided by ``temperature``; the Q-former's
            weights (n, heads, queries, 2 h w).
        """
        memory, empty, weights = self.think(self.see(before, after), instructions)
        words = torch.full((len(instructions), 1), START, device=memory.device)
        taken: list[Tensor] = []
        for _ in range(self.config.longest_write - 1):
            logits = self.speak(memory, empty, words)[:, -1].float() / temperature
            logits[:, [NULL, UNKNOWN, START]] = -torch.inf
            taken.append(logits)
            ended = (words == END).any(dim=1, keepdim=True)
            words = torch.cat([words, logits.argmax(-1, keepdim=True).masked_fill(ended, NULL)], dim=1)
            if bool((words == END).any(dim=1).all()):
                break
        return words[:, 1:], torch.stack(taken, dim=1), weights


def certainty(words: Tensor, logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Return the probability (n,) of whole answers: the product over their words, including the end token.

    Parameters
    ----------
    words : Tensor, shape (n, m)
    logits : Tensor, shape (n, m, write)
    """
    chance = (logits.float() / temperature).log_softmax(-1).gather(-1, words.unsqueeze(-1)).squeeze(-1)
    return chance.masked_fill(words == NULL, 0.0).sum(dim=1).exp()
