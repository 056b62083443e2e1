"""Breaks of known date and size."""

import numpy as np

from eowidgets.analysis.choose.breaks import Breaks, draw_breaks


def test_an_abrupt_a_gradual_and_a_recovering_break():
    breaks = Breaks(
        day=np.array([100.0, 100.0, 100.0]),
        size=np.array([-0.2, 0.3, -0.4]),
        takes=np.array([0.0, 200.0, 0.0]),
        recovers=np.array([np.inf, np.inf, 1.0]),
    )
    days = np.array([99.0, 100.0, 200.0, 300.0, 100 + 365.2425 / 2, 2000.0])
    course = breaks.course(days)
    np.testing.assert_allclose(course[0], [0, -0.2, -0.2, -0.2, -0.2, -0.2])
    np.testing.assert_allclose(course[1], [0, 0, 0.15, 0.3, 0.3 * 182.62125 / 200, 0.3], atol=1e-6)
    np.testing.assert_allclose(course[2][[0, 1, 4, 5]], [0, -0.4, -0.2, 0], atol=1e-9)


def test_breaks_are_drawn_within_the_days_and_with_the_side_asked_for():
    first = draw_breaks(500, 1000.0, 2000.0, np.random.default_rng(1), down=np.array([1.0] * 250 + [0.0] * 250))
    again = draw_breaks(500, 1000.0, 2000.0, np.random.default_rng(1), down=np.array([1.0] * 250 + [0.0] * 250))
    assert ((first.day >= 1000) & (first.day <= 2000)).all()
    assert (first.size[:250] < 0).all()
    assert (first.size[250:] > 0).all()
    np.testing.assert_array_equal(first.size, again.size)
