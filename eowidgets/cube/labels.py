"""Classes and words that trained models and the simulator share."""

from __future__ import annotations

#: Land cover: value, name and colour.
LAND_CLASSES: tuple[tuple[int, str, str], ...] = (
    (0, "water", "#3b78b5"),
    (1, "forest", "#1b7837"),
    (2, "field", "#e3c34c"),
    (3, "built-up", "#b2433f"),
    (4, "bare", "#a08c78"),
)
#: Changes between two pictures: value, name and colour, as in the masks of LEVIR-MCI.
PAIR_CHANGES: tuple[tuple[int, str, str], ...] = (
    (0, "no change", "#dddddd"),
    (1, "road", "#0072b2"),
    (2, "building", "#d55e00"),
)
#: The five sentences of LEVIR-CC for pairs without change.
NO_CHANGE = (
    "there is no difference",
    "the two scenes seem identical",
    "the scene is the same as before",
    "no change has occurred",
    "almost nothing has changed",
)
#: Names of the ninths of a picture.
PLACES = (
    ("top left", "top", "top right"),
    ("left", "center", "right"),
    ("bottom left", "bottom", "bottom right"),
)
