"""Legends of quality bands."""

import numpy as np
import pytest

from eowidgets.cube.legends import LEGENDS, class_values, is_classes, with_legends
from eowidgets.cube.quality import QUALITY


@pytest.mark.parametrize("name", LEGENDS)
def test_legends_are_complete(name):
    legend = LEGENDS[name]
    flags = legend.get("flag_values", legend.get("flag_masks"))
    assert len(flags) == len(set(flags.tolist())) == len(legend["flag_meanings"].split())
    assert "flag_masks" in legend or len(legend["colors"].split()) == len(flags)


def test_clouds_of_the_legend_are_those_of_the_mask():
    values = np.arange(12, dtype="uint8")
    cloudy = values[QUALITY["scl"].clouds(values)]
    names = LEGENDS["scl"]["flag_meanings"].split()
    assert [names[v] for v in cloudy] == [
        "cloud_shadows",
        "cloud_medium_probability",
        "cloud_high_probability",
        "thin_cirrus",
    ]


def test_a_legend_of_the_source_stays(romania):
    assert is_classes(romania.scl)
    assert class_values(romania.scl.attrs) == list(range(12))
    own = {"role": "quality", "flag_values": np.array([1], "uint8"), "flag_meanings": "mine"}
    cube = romania.drop_attrs().assign(scl=romania.scl.drop_attrs().assign_attrs(own))
    assert with_legends(cube).scl.attrs["flag_meanings"] == "mine"
