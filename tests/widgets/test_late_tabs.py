import ipywidgets

from eowidgets.errors import InputError
from eowidgets.widgets.late_tabs import LateTabs


def test_made_once_when_opened():
    made = []

    def maker(name):
        def make():
            made.append(name)
            return ipywidgets.HTML(name)

        return make

    tabs = LateTabs({"one": maker("one"), "two": maker("two")})
    assert made == ["one"]
    tabs.selected_index = 1
    tabs.selected_index = 0
    tabs.selected_index = 1
    assert made == ["one", "two"]
    assert [box.children[0].value for box in tabs.children] == ["one", "two"]


def test_a_panel_that_refuses_says_why_in_its_tab():
    def refuse():
        raise InputError("No <dates> here.")

    tabs = LateTabs({"one": refuse})
    assert "No &lt;dates&gt; here." in tabs.children[0].children[0].value
