"""RSVQA: the vectors of an image and a question are multiplied, and an answer is chosen from a list.

After Lobry, Marcos, Murray and Tuia (2020), "RSVQA: Visual Question Answering for Remote Sensing Data",
doi:10.1109/TGRS.2020.2988782. Smaller: a residual network of three stages instead of ResNet-152, a GRU instead of
skip-thoughts, and both are trained here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eowidgets.models.vqa.encoder import DeepEncoder, Encoder
from eowidgets.models.vqa.rsvqa.config import RSVQAConfig
from eowidgets.models.vqa.text import NULL


class QuestionEncoder(nn.Module):
    """Encode a question with a GRU: its state after the last word."""

    def __init__(self, config: RSVQAConfig) -> None:
        super().__init__()
        self.embed = nn.Embedding(config.words, config.embed, padding_idx=NULL)
        self.gru = nn.GRU(config.embed, config.hidden, batch_first=True)

    def forward(self, words: Tensor) -> Tensor:
        """Return the state (n, hidden) of questions (n, longest)."""
        length = (words != NULL).sum(dim=1).clamp_min(1)
        longest = int(length.max())
        states, _ = self.gru(self.embed(words[:, :longest]))
        last: Tensor = states[torch.arange(len(words), device=words.device), length - 1]
        return last


class RSVQA(nn.Module):
    """Answer questions about one image.

    Parameters
    ----------
    config : RSVQAConfig
    """

    def __init__(self, config: RSVQAConfig) -> None:
        super().__init__()
        self.config = config
        channels = len(config.bands)
        self.encoder = DeepEncoder(channels, config.depths) if config.depths else Encoder(channels, config.widths)
        cells = (config.side // self.encoder.shrink) ** 2
        self.squeeze = nn.Conv2d(config.widths[-1], config.squeeze, 1)
        self.question = QuestionEncoder(config)
        self.project_picture = nn.Linear(config.squeeze * cells, config.joint)
        self.project_question = nn.Linear(config.hidden, config.joint)
        self.head = nn.Sequential(
            nn.Tanh(),
            nn.Dropout(config.dropout),
            nn.Linear(config.joint, config.head),
            nn.Tanh(),
            nn.Dropout(config.dropout),
            nn.Linear(config.head, config.answers),
        )
        self.dropout = nn.Dropout(config.dropout)

    def see(self, pictures: Tensor) -> Tensor:
        """Return vectors (b, joint) of images (b, bands, side, side), standardised by :func:`picture_values`."""
        if not self.config.sees:
            pictures = torch.zeros_like(pictures)
        flat = self.squeeze(self.encoder(pictures)).flatten(1)
        seen: Tensor = self.dropout(torch.tanh(self.project_picture(flat)))
        return seen

    def forward(self, pictures: Tensor, questions: Tensor) -> Tensor:
        """Return the scores of the answers.

        Parameters
        ----------
        pictures : Tensor, shape (b, bands, side, side)
        questions : Tensor, shape (b * k, longest), int64
            The same number of questions for every image, those of the first image first.

        Returns
        -------
        Tensor, shape (b * k, answers)
        """
        seen = self.see(pictures)
        seen = seen.repeat_interleave(len(questions) // len(pictures), dim=0)
        asked = self.dropout(torch.tanh(self.project_question(self.question(questions))))
        scores: Tensor = self.head(seen * asked)
        return scores


#: Mean and standard deviation of reflectance of the bands of :class:`RSVQAConfig` over the simulator's summer images.
_MEAN = (0.055, 0.082, 0.076, 0.31, 0.205)
_SPREAD = (0.040, 0.046, 0.060, 0.085, 0.080)


def picture_values(reflectance: Tensor) -> Tensor:
    """Standardise reflectance (..., 5, h, w) in 0..1 for the network; missing values (NaN) become the mean."""
    mean = torch.tensor(_MEAN, device=reflectance.device)[:, None, None]
    spread = torch.tensor(_SPREAD, device=reflectance.device)[:, None, None]
    return ((reflectance - mean) / spread).nan_to_num(0.0).clamp(-4.0, 4.0)
