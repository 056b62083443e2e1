"""Coverage is added up by room."""

import tomllib

from coverage_by_room import FLOORS, ROOT, below, by_room, table


def test_counts_are_added_up_by_the_first_folder():
    def counts(*values):
        return {
            "summary": dict(
                zip(("num_statements", "covered_lines", "num_branches", "covered_branches"), values, strict=True)
            )
        }

    files = {
        "eowidgets/cube/open.py": counts(10, 5, 4, 1),
        "eowidgets/cube/sources/store.py": counts(10, 10, 0, 0),
        "eowidgets/cli.py": counts(4, 1, 0, 0),
    }
    rooms = by_room(files)
    assert list(rooms) == ["cube/", "modules"]
    assert "| cube/ | 20 | 75.0 | 4 | 25.0 |" in table(rooms)
    assert "| modules | 4 | 25.0 | 0 | - |" in table(rooms)
    assert "| all | 24 | 66.7 | 4 | 25.0 |" in table(rooms)


def test_a_room_below_its_floor_is_named():
    room = {"num_statements": 100, "covered_lines": 90, "num_branches": 10, "covered_branches": 7}
    floors = {
        "cube": {"lines": 90, "branches": 70},
        "engine": {"lines": 91, "branches": 71},
        "render": {"lines": 1, "branches": 1},
    }
    assert below({"cube/": room, "engine/": room}, floors) == [
        "engine: 90.0 % of the lines, and the floor is 91 %.",
        "engine: 70.0 % of the branches, and the floor is 71 %.",
        "render has a floor and was not measured.",
    ]


def test_every_floor_is_that_of_a_room():
    for name, floor in tomllib.loads(FLOORS.read_text(encoding="utf-8")).items():
        assert (ROOT / "eowidgets" / name).is_dir()
        assert set(floor) == {"lines", "branches"}
