import eowidgets as eow
from eowidgets.errors import warn_user


def test_a_note_points_at_the_line_of_the_user(make_cube, recwarn):
    cube = make_cube()
    eow.run("fill-linear", cube.isel(time=[1, 0, 2, 3]), progress=False)
    note = next(w for w in recwarn if "sorted" in str(w.message))
    assert note.filename == __file__


def test_a_note_outside_the_package_is_at_its_own_line(recwarn):
    warn_user("Look at this.")
    assert recwarn[0].filename == __file__
