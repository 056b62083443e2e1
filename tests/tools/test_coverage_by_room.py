"""Coverage is added up by room."""

from coverage_by_room import by_room, table


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
