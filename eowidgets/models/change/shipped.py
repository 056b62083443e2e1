"""What the shipped networks of change have in common."""

#: Bands that they see.
BANDS = ("red", "green", "blue")
#: Values of their maps: nothing, road, building (the classes of LEVIR-MCI).
CLASSES = 3
#: Limits of LENet and FC-Siam-diff, for their cards.
LIMITS = (
    "Trained for minutes, and on no real pair of 0.5 m: on real ground it invents little and misses more than half of the "
    "buildings. Snow and seasons at 10 m are marked as built. Finds buildings and roads, nothing else. Its probabilities rank "
    "pixels and are not calibrated."
)
