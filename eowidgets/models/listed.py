"""Write ``models.toml``, which lists the models without importing them: ``python -m eowidgets.models.listed``."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType

import eowidgets.models
from eowidgets.contract.card import Card
from eowidgets.contract.catalogue import OWN, Listing, index_text, listing_of, scores_text
from eowidgets.contract.checkpoint import Checkpoint
from eowidgets.contract.model import Model
from eowidgets.models.change import cards as change
from eowidgets.models.vqa import cards as vqa

ASK = 'eow.ask(cube, question, brain="neural")'
#: Networks with text output, which a run over a cube cannot store: card, weights, task, input and use.
IN_WORDS: dict[str, tuple[Card, Checkpoint, str, str, str]] = {
    "caption-mci": (
        change.MCI,
        change.WEIGHTS["change-mci.mixed"],
        "caption",
        "red, green, blue, 2 dates, 0.5 m",
        "eowidgets.analysis.describe_change(cube)",
    ),
    "vqa-rsvqa": (vqa.RSVQA, vqa.WEIGHTS["vqa-rsvqa.simulated"], "answer", "5 bands, 10 m", ASK),
    "vqa-deltavlm": (
        vqa.DELTAVLM,
        vqa.WEIGHTS["vqa-deltavlm.simulated"],
        "answer",
        "red, green, blue, 2 dates, 0.5 m",
        ASK,
    ),
}


def listed() -> list[Listing]:
    """Import all models of the package and describe each, sorted by name."""
    names = pkgutil.walk_packages(eowidgets.models.__path__, f"{eowidgets.models.__name__}.")
    modules = [import_module(one.name) for one in names]
    own = {kind.name: kind for module in modules for kind in _models(module)}
    found = [listing_of(model) for model in own.values()]
    for name, (card, weights, task, needs, use) in IN_WORDS.items():
        found.append(
            Listing(
                name,
                task=task,
                title=card.title,
                licence=card.licence,
                needs=needs,
                pretrained=(weights.tag,),
                scores=scores_text(card.scores),
                use=use,
            )
        )
    return sorted(found, key=lambda one: one.name)


def _models(module: ModuleType) -> list[type[Model]]:
    """Return the model classes that a module defines, without base classes, which have no name."""
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Model)]
    return [kind for kind in kinds if kind.__module__ == module.__name__ and hasattr(kind, "name")]


if __name__ == "__main__":
    HEAD = "# The models of eowidgets; written by: python -m eowidgets.models.listed\n\n"
    OWN.write_text(HEAD + index_text(listed()), encoding="utf-8")
