"""Train the classifier of questions on templates: ``python -m training.parser``; about two minutes on one core.

The held-out templates (one in ten) and the hand-written paraphrases in ``benchmarks/`` are not used.
"""

from __future__ import annotations

import argparse
import json
import string
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from eowidgets.analysis.ask.language import QuestionProgram
from eowidgets.analysis.ask.slots import read
from eowidgets.analysis.ask.templates import Sampler, vocabulary
from eowidgets.learn import Plan, Step, fit
from eowidgets.models.language.questions import BUCKETS, CHECKPOINT, HEADS, WIDTH, features
from training.ship import ship

SERIES = (("2015-08-01", "2021-01-01"), ("2018-04-29", "2018-11-15"), ("2009-03-05", "2023-11-20"))
INDICES = ("NDVI", "NDMI", "NBR", "EVI", "SAVI", "NDWI", "MSAVI", "GNDVI", "NDRE")
#: Peak of the learning rate.
RATE = 5e-3
LEADS = (
    "please",
    "can you tell me",
    "hey",
    "i would like to know",
    "could you say",
    "so",
    "tell me",
    "ok",
    "well",
    "do you know",
)


def labels(program: QuestionProgram | None) -> dict[str, int]:
    """Return the index of the correct choice of every head that the program determines."""
    if program is None:
        return {"kind": HEADS["kind"].index("unanswerable")}
    named = {
        "relation": getattr(program, "relation", None),
        "how": getattr(program, "how", None),
        "moment": getattr(program, "which", None) if program.kind == "when" else None,
        "change": getattr(program, "ask", None) if program.kind == "change" else None,
        "direction": getattr(program, "direction", None),
        "which": getattr(program, "which", None) if program.kind == "extreme" else None,
        "extreme": getattr(program, "ask", None) if program.kind == "extreme" else None,
        "stat": getattr(program, "stat", None),
    }
    if program.kind in ("count", "locate"):
        suffix = (
            str(program.of).partition(" ")[2] if " " in program.of else ("change" if program.of == "change" else "")
        )  # type: ignore[attr-defined]
        named["direction"] = suffix if suffix in HEADS["direction"] else ""
    found = {"kind": HEADS["kind"].index(program.kind)}
    return found | {h: HEADS[h].index(v) for h, v in named.items() if v is not None and v in HEADS[h]}


def worn(text: str, rng: np.random.Generator, answerable: bool) -> str:
    """Disturb a question like typed text: openings, an extra word, a typing error."""
    words = text.split()
    if rng.random() < 0.15:
        words = [str(rng.choice(LEADS)), *words]
    if answerable and rng.random() < 0.12:  # an unknown word is not a reason to refuse
        words.insert(int(rng.integers(len(words) + 1)), _nonsense(rng))
    if rng.random() < 0.15 and len(words) > 3:
        del words[int(rng.integers(1, len(words)))]
    if rng.random() < 0.1:
        i = int(rng.integers(len(words)))
        word = words[i]
        if len(word) > 5 and word.isalpha():
            j = int(rng.integers(1, len(word) - 1))
            words[i] = word[:j] + word[j + 1] + word[j] + word[j + 2 :]
    return " ".join(words)


def _nonsense(rng: np.random.Generator) -> str:
    return "".join(rng.choice(list(string.ascii_lowercase), int(rng.integers(4, 10))))


def examples(count: int, seed: int, split: str) -> list[tuple[np.ndarray, dict[str, int]]]:
    """Generate questions as features and labels."""
    rng = np.random.default_rng(seed)
    words = vocabulary()
    samplers = [Sampler(a, b, rng, ("parcels",), INDICES, split) for a, b in SERIES]  # type: ignore[arg-type]
    made = []
    for n in range(count):
        sampler = samplers[n % len(samplers)]
        no = rng.random() < 0.22
        text, program = sampler.draw("unanswerable" if no else None)
        if no and rng.random() < 0.5:  # most things that no cube shows are unknown words
            things = [w for w in text.split() if w in _things()]
            for thing in things:
                text = text.replace(thing, _nonsense(rng))
        if split == "train":
            text = worn(text, rng, not no)
        slots = read(text, sampler.first, sampler.last, INDICES, ("parcels",), words)
        made.append((features(slots.tokens, slots.unknown), labels(program)))
    return made


def _things() -> frozenset[str]:
    from eowidgets.analysis.ask.templates import templates

    return frozenset(templates()[1])


def tensors(
    made: list[tuple[np.ndarray, dict[str, int]]],
) -> tuple[torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
    """Return flat buckets, offsets, and labels with -1 for heads that the question does not determine."""
    flat = torch.from_numpy(np.concatenate([f for f, _ in made]))
    offsets = torch.tensor(np.cumsum([0, *(len(f) for f, _ in made)][:-1]))
    return flat, offsets, {h: torch.tensor([y.get(h, -1) for _, y in made]) for h in HEADS}


class Net(torch.nn.Module):
    """PyTorch version of :class:`~eowidgets.models.language.questions.QuestionClassifier`, which runs in NumPy."""

    def __init__(self) -> None:
        super().__init__()
        self.table = torch.nn.EmbeddingBag(BUCKETS, WIDTH, mode="sum")
        torch.nn.init.normal_(self.table.weight, std=0.1)
        self.heads = torch.nn.ModuleDict({h: torch.nn.Linear(WIDTH, len(c)) for h, c in HEADS.items()})

    def forward(self, flat: torch.Tensor, offsets: torch.Tensor, drop: float = 0.0) -> dict[str, torch.Tensor]:
        """Compute the scores of every choice of every head."""
        lengths = torch.diff(offsets, append=torch.tensor([len(flat)]))
        keep = (torch.rand(len(flat)) >= drop).float() / max(1 - drop, 1e-6)
        hidden = self.table(flat, offsets, per_sample_weights=keep) / lengths.clamp(min=1).sqrt().unsqueeze(1)
        return {h: head(hidden.relu()) for h, head in self.heads.items()}


def train(count: int, steps: int, seed: int) -> tuple[Net, dict[str, float]]:
    """Fit, and score on held-out templates."""
    torch.manual_seed(seed)
    made = examples(count, seed, "train")
    check = tensors(examples(4000, seed + 1, "held-out"))
    net = Net()
    rng = np.random.default_rng(seed)

    def loss(step: Step) -> torch.Tensor:
        batch = [made[i] for i in rng.integers(0, len(made), 256)]
        flat, offsets, wanted = tensors(batch)
        scores = net(flat, offsets, drop=0.25)
        return sum(
            torch.nn.functional.cross_entropy(scores[h], wanted[h], ignore_index=-1, label_smoothing=0.02)
            for h in HEADS
            if (wanted[h] >= 0).any()
        )

    plan = Plan(
        steps=steps,
        rate=RATE,
        optimiser=lambda parameters, rate: torch.optim.AdamW(parameters, lr=rate, weight_decay=0.02),
        schedule=lambda optimiser, _: torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps),
        every=200,
    )
    fit(net, loss, plan, report=lambda now: print(f"step {now.step}: loss {now.loss:.3f}", flush=True))
    net.eval()
    with torch.no_grad():
        scores = net(check[0], check[1])
    right = {}
    for head in HEADS:
        told = check[2][head] >= 0
        right[head] = round(float((scores[head].argmax(1) == check[2][head])[told].float().mean()), 4)
    return net, right


def calibrate(count: int, seed: int) -> tuple[float, float]:
    """Fit slope and shift of the log-odds (Platt), so that the probability is that of a correct program.

    Fitted on questions of held-out templates, which are unknown to the classifier like those of users.
    """
    from eowidgets.analysis.ask.language import to_json
    from eowidgets.analysis.ask.parser import SHIFT, SLOPE, parse

    rng = np.random.default_rng(seed)
    first, last = SERIES[0]
    sampler = Sampler(first, last, rng, ("parcels",), INDICES, "held-out")
    kept, right = [], []
    for i in range(count):
        text, meant = sampler.draw(sampler.kinds[i % len(sampler.kinds)])
        found = parse(text, first, last, indices=INDICES, layers=("parcels",))
        if meant is not None and found.program is not None:
            kept.append((np.log(found.confidence / (1 - found.confidence)) - SHIFT) / SLOPE)  # uncalibrated
            right.append(to_json(found.program) == to_json(meant))
    x, y = torch.tensor(kept, dtype=torch.float64), torch.tensor(right, dtype=torch.float64)
    both = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([both], max_iter=100)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = torch.nn.functional.binary_cross_entropy_with_logits(both[0] * x + both[1], y)
        value.backward()
        return value

    optimiser.step(loss)
    return float(both[0].detach()), float(both[1].detach())


def main() -> None:
    """Train and write the weights into the package."""
    given = argparse.ArgumentParser()
    given.add_argument(
        "--calibrate", action="store_true", help="print SLOPE and SHIFT for the parser and do nothing else"
    )
    given.add_argument("--count", type=int, default=50_000)
    given.add_argument("--steps", type=int, default=3000)
    given.add_argument("--seed", type=int, default=0)
    given.add_argument("--out", type=Path, default=CHECKPOINT.find())
    options = given.parse_args()
    torch.set_num_threads(1)
    if options.calibrate:
        print("SLOPE, SHIFT = {:.3f}, {:.3f}".format(*calibrate(4000, options.seed + 2)))
        return
    began = time.monotonic()
    net, right = train(options.count, options.steps, options.seed)
    weights = {"table": net.table.weight.detach().numpy().astype(np.float16)}
    for head, layer in net.heads.items():
        weights[f"{head}.weight"] = layer.weight.detach().numpy()
        weights[f"{head}.bias"] = layer.bias.detach().numpy()
    save_file(weights, options.out)
    options.out.chmod(0o644)
    if options.out == CHECKPOINT.find():
        ship(options.out.parent.parent, CHECKPOINT.name, options.out)
    log = {"seed": options.seed, "questions": options.count, "steps": options.steps, "held_out_templates": right}
    (Path(__file__).parent / "runs" / "parser.json").write_text(json.dumps(log, indent=1) + "\n")
    print(log, f"{options.out.stat().st_size / 1e6:.2f} MB, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
