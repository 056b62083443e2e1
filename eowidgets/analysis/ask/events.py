"""Questions about fires, storms and other events: fire is tested; for others the answer is the loss, not the cause."""

from __future__ import annotations

from eowidgets.analysis.ask import burnt, tools, words
from eowidgets.analysis.ask.answer import Answer, refuse
from eowidgets.analysis.ask.consistent import Claim
from eowidgets.analysis.ask.context import Context
from eowidgets.analysis.ask.language import Event
from eowidgets.errors import InputError

_WHETHER = {
    "fire": "whether there was a fire",
    "storm": "whether a storm caused it",
    "disease": "whether insects or a disease caused it",
    "drought": "whether a drought caused it",
    "logging": "whether it was felled",
    "flood": "whether a flood caused it",
    "landslide": "whether the ground moved",
}


def event(context: Context, program: Event) -> Answer:
    """Test for fire; for other events, report the loss."""
    scope = program.scope
    if program.of == "fire":
        where = context.where(scope)
        cut = context.dates(scope)
        try:
            found = context.trace("signs", burnt.burn_signs, cut, where)
        except InputError as problem:
            return _loss_only(context, program, str(problem))
        size = tools.area(found["burnt"], context.cube)
        place, mask = words.where(scope), found["burnt"]
        if found["burnt"].any() or not found["fell"].any():
            value = context.trace("burnt_at_all", burnt.any_burnt, found)
            claim = Claim(size, 0.0, ">", shown=(words.hectares(size),) if size else ())
            text = (
                f"{claim.opening}: {words.hectares(size)}{place} show signs of fire: NBR decreased by "
                f"{found['fall']:.2f} around "
            )
            text += f"{found['date']}, suddenly and without brightening, and recovered within a year."
            if not size:
                text = f"{claim.opening}: NBR nowhere{place} decreased by more than {burnt.UNBURNT} and stayed low."
            return context.answer(
                program, text, value, 0.7, masks=context.picture(mask, "change", "#d55e00"), dates=cut, claim=claim,
                polygons=context.polygons(mask, "change"),
            )  # fmt: skip
        return _loss_only(context, program, "NBR decreased, but not as after a fire (sudden, dark, with recovery).")
    return _loss_only(context, program, "")


def _loss_only(context: Context, program: Event, why: str) -> Answer:
    """Return an abstention that states the loss, if it is known."""
    verb = _WHETHER[program.of]
    try:
        found = context.change(program.scope, "forest")
        size, place = tools.area(found.mask, context.cube), words.where(program.scope)
        loss = f"The images show {words.hectares(size)} of forest loss{place}; they do not show {verb}."
        loss = (
            loss + found.note
            if size
            else f"The images show no loss of forest{place}, and they do not show {verb}.{found.note}"
        )
    except InputError:
        loss = f"The images do not show {verb}."
    if program.of in ("flood", "drought"):
        loss += " Ask for water, or for NDMI, on the dates that you mean."
    return refuse(context.question, f"{loss} {why}".strip(), program, context.trace)
