"""What the shipped networks of change have in common."""

#: Bands that they see.
BANDS = ("red", "green", "blue")
#: Values of their maps: nothing, road, building (the classes of LEVIR-MCI).
CLASSES = 3
#: Limits of LENet and FC-Siam-diff, for their cards.
LIMITS = (
    "Trained for minutes, on simulated pairs and on pairs composed of real pictures, hardly any of which shows a building "
    "that was really built; see the scores for what it misses. Snow and seasons at 10 m are marked as built. Finds buildings and "
    "roads, nothing else; roads were learned from simulated pairs alone. Some training pictures are for "
    "research use (see the data)."
)
