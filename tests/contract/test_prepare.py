import pytest

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Windows
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Value
from eowidgets.contract.params import param
from eowidgets.contract.prepare import check_inputs, resolution_of, wanted_bands
from eowidgets.contract.task import Task
from eowidgets.errors import ModelError


class Picky(Model):
    name, task, card = "picky", Task.REGRESS, Card(title="Picky", licence="Apache-2.0")
    feed = Windows(bands=("nir", "red"), optional_bands=("vv",), min_dates=2, max_dates=5, resolution=10)

    def outputs(self, bands):
        return (Value("x"),)

    def predict(self, batch):
        return {"x": batch.x[:, 0, 0]}


def test_a_fitting_cube_passes_with_bands_in_the_models_order(make_cube):
    cube = make_cube(bands=("red", "nir", "vv"))
    check_inputs(Picky(), cube)
    assert wanted_bands(Picky(), cube) == ("nir", "red", "vv")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bands": ("red",)}, "needs the band nir"),
        ({"dates": 1}, "at least 2 dates"),
        ({"dates": 6}, "at most 5 dates"),
        ({"resolution": 100.0}, "meant for pixels of 10 m, and this cube has 100 m"),
    ],
)
def test_what_does_not_fit_is_said(make_cube, options, words):
    with pytest.raises(ModelError, match=words) as caught:
        check_inputs(Picky(), make_cube(**options))
    assert "\n" not in str(caught.value)


def test_resolution_in_metres_of_any_crs(make_cube):
    assert resolution_of(make_cube()) == pytest.approx(10)
    degrees = make_cube(crs="EPSG:4326", resolution=1e-4)
    degrees = degrees.assign_coords(x=degrees.x - 499_976, y=degrees.y - 4_999_955)
    assert 5 < resolution_of(degrees) < 12
    assert resolution_of(make_cube().drop_vars("spatial_ref")) is None


def test_parameters_are_checked():
    from dataclasses import dataclass

    from eowidgets.errors import InputError

    class WithParams(Picky):
        @dataclass(frozen=True)
        class Params:
            count: int = param(3, help="h", low=1, high=5, unit="px")
            share: float = param(0.5, help="h")
            flag: bool = param(False, help="h")
            kind: str = param("a", help="h", choices=("a", "b"))

    assert WithParams(count=4.0).params.count == 4
    for values, words in [
        ({"count": 9}, "from 1 to 5 px"),
        ({"count": 2.5}, "a whole number"),
        ({"share": "much"}, "a number"),
        ({"flag": 1}, "True or False"),
        ({"kind": "c"}, "give 'a' or 'b'"),
        ({"cuont": 1}, "Did you mean 'count'"),
    ]:
        with pytest.raises(InputError, match=words):
            WithParams(**values)
