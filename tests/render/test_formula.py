import numpy as np
import pytest
import spyndex

from eowidgets.cube.indices import index
from eowidgets.cube.schema import BAND_LETTERS
from eowidgets.errors import InputError
from eowidgets.render.formula import catalogue, compile_formula, evaluate, index_program

ALL = tuple(BAND_LETTERS)


def test_every_index_of_the_catalogue_compiles_but_those_that_need_light_on_the_ground():
    missing = set(spyndex.indices) - set(catalogue(ALL))
    assert missing == {n for n, e in spyndex.indices.items() if "PAR" in e.bands}


def test_programs_agree_with_the_cubes_indices(make_cube):
    cube = make_cube(dates=2, height=4, width=5, bands=ALL)
    for i, band in enumerate(ALL):
        cube[band].attrs["center_wavelength"] = 400.0 + 50 * i
    wavelengths = {b: cube[b].attrs["center_wavelength"] for b in ALL}
    for name, program in catalogue(ALL, wavelengths).items():
        mine = evaluate(program, {b: cube[b].values for b in program.bands})
        theirs = index(cube, name).values
        both = np.isfinite(mine) & np.isfinite(theirs)
        assert (np.isfinite(mine) == np.isfinite(theirs)).mean() > 0.95, name
        if not both.any():
            continue
        assert np.abs(mine[both] - theirs[both]).max() <= 1e-3 * max(1.0, np.abs(theirs[both]).max()), name


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "red.real", "red[0]", "lambda: 1", "open('x')", "red if nir else 1", "'a'", "red; nir", "("],
)
def test_only_arithmetic_is_read(text):
    with pytest.raises(InputError):
        compile_formula(text, {"red": "red", "nir": "nir"})


def test_own_formulas_and_their_shader():
    program = index_program("(nir - red) / (nir + red)", ["red", "nir"])
    values = {"red": np.array([0.1, 0.0]), "nir": np.array([0.5, 0.0])}
    out = evaluate(program, values)
    assert out[0] == pytest.approx(0.4 / 0.6, rel=1e-6)
    assert np.isnan(out[1])
    assert program.glsl() == "div_((b0 - b1), (b0 + b1))"


def test_missing_bands_and_unknown_names_are_said():
    with pytest.raises(InputError, match="needs the band swir22"):
        index_program("NBR", ["red", "nir"])
    with pytest.raises(InputError, match="Did you mean"):
        index_program("NDVV", ["red", "nir"])
    with pytest.raises(InputError, match="too long"):
        compile_formula("+".join(["red"] * 500), {"red": "red"})
