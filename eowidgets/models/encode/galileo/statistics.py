"""Scale values as in the training of Galileo: the statistics of its training data."""

from __future__ import annotations

from torch import Tensor

#: Mean and standard deviation of each channel, in dB and in reflectance times 10 000: config/normalization.json of the
#: authors, under "13". The authors do not scale NDVI.
STATISTICS = {
    "S1": ((-11.7287, -18.8556), (4.8871, 5.7303)),
    "S2_RGB": ((1395.3409, 1338.4027, 1343.0988), (917.7041, 913.2988, 1092.6787)),
    "S2_Red_Edge": ((1543.8608, 2186.2022, 2525.0933), (1047.2206, 1048.0102, 1143.6903)),
    "S2_NIR_10m": ((2410.3377,), (1098.9792,)),
    "S2_NIR_20m": ((2750.2855,), (1204.4728,)),
    "S2_SWIR": ((2234.9111, 1474.5311), (1145.9774, 980.2430)),
}


def normalised(name: str, values: Tensor) -> Tensor:
    """Scale a group of channels, shape (b, t, c, h, w): mean - 2 std becomes 0, mean + 2 std becomes 1."""
    if name not in STATISTICS:
        return values
    mean, std = (values.new_tensor(numbers)[:, None, None] for numbers in STATISTICS[name])
    return (values - (mean - 2 * std)) / (4 * std)
