"""Bands, classes and limits shared by the shipped change networks."""

#: Input bands.
BANDS = ("red", "green", "blue")
#: Values of their maps: nothing, road, building (the classes of LEVIR-MCI).
CLASSES = 3
#: Limits of LENet and FC-Siam-diff, for their cards.
LIMITS = (
    "Trained for minutes, on simulated pairs and on pairs composed of real images, hardly any of which shows a "
    "building that was really built; see the scores for what it misses. Snow and seasonal change at 10 m are false "
    "positives. Detects only buildings and roads; roads were learned from simulated pairs alone. Some training images "
    "are for research use (see the data)."
)
