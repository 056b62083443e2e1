"""A whole dialogue with the panel, as a person has it: type, read, light up, follow up, grade, export."""

from __future__ import annotations

import json

import pytest

ATTACK = "Is there <img src=x onerror='window.hacked=1'> forest in <script>window.hacked=1</script> 2019?"

#: The colour of loss lies on the picture: forest itself is never that red.
ORANGE = """() => {
  const c = document.querySelector('.eow-canvas');
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  let n = 0;
  for (let i = 0; i < d.length; i += 4) n += d[i] > d[i + 1] + 40 && d[i] > d[i + 2] + 80;
  return n > 200;
}"""


@pytest.fixture
def page(same_lab):
    page = same_lab(
        [
            "import eowidgets as eow\nimport ipywidgets\nfrom eowidgets.widgets.panels.ask_panel import AskPanel",
            "cube = eow.open('romania')\nviewer = eow.TimeViewer(cube, height=240, chart=False)\n"
            "panel = AskPanel(cube, viewer=viewer, feedback='thumbs.jsonl')\n"
            "ipywidgets.HBox([viewer, panel], layout={'width': '1000px'})",
        ],
        size=(1280, 960),
    )
    page.run_all()
    assert page.errors() == []
    page.page.locator(".eow-ask-form input").wait_for()
    return page


def ask(page, text, number):
    field = page.page.locator(".eow-ask-form input")
    field.fill(text)
    field.press("Enter")
    answer = page.page.locator(f".eow-ask-answer[data-turn='{number}']:not(.eow-ask-waiting)")
    answer.wait_for(timeout=60_000)
    return answer


def layers(page):
    return json.loads(page.evaluate("__import__('json').dumps([k['key'] for k in viewer.layers])"))


def test_a_whole_dialogue(page):
    p = page.page
    first = ask(page, "Where was forest lost between 2017 and 2020?", 0)
    said = first.locator("p").first.text_content()
    assert said == page.evaluate("panel.answers[0].text")
    assert "ha" in said and "2017" in said
    assert first.locator(".eow-ask-legend span").first.text_content() == "forest loss"

    # Hovering lights the evidence up on the viewer, leaving puts it out, a click keeps it.
    first.hover()
    first.and_(p.locator(".eow-ask-lit")).wait_for()  # the kernel says so once the layer is there
    p.mouse.move(2, 2)
    p.wait_for_function("() => !document.querySelector('.eow-ask-lit')")
    first.locator(".eow-ask-show").click()
    first.and_(p.locator(".eow-ask-lit")).wait_for()
    p.wait_for_function(ORANGE)
    page.screenshot("ask_panel_evidence")
    assert layers(page) == ["evidence"]

    second = ask(page, "and in the north?", 1)
    assert "in the north" in second.locator("p").first.text_content()
    assert page.evaluate("panel.answers[1].program.of") == "forest loss"

    chip = p.locator(".eow-ask-chip").first
    asked = chip.text_content()
    chip.click()
    p.locator(".eow-ask-answer[data-turn='2']:not(.eow-ask-waiting)").wait_for(timeout=60_000)
    assert page.evaluate("panel.answers[2].question") == asked

    refused = ask(page, "What is the price of land here?", 3)
    assert refused.get_attribute("class").find("eow-ask-refused") > 0
    ask(page, ATTACK, 4)
    assert p.locator(".eow-ask img, .eow-ask script").count() == 0
    assert p.evaluate("window.hacked") is None
    assert p.locator(".eow-ask-question").last.text_content() == ATTACK

    p.locator(".eow-ask-who").select_option("neural")
    p.wait_for_function("() => document.querySelector('.eow-ask-who').value === 'neural'")
    told = ask(page, "Is there any water?", 5)
    assert "network RSVQA" in told.locator("p").first.text_content()
    assert page.evaluate("panel.who") == "neural"

    first.locator("summary", has_text="Code").click()
    assert first.locator("pre").text_content().startswith("import eowidgets as eow")
    second.locator("[title='A good answer']").click()
    second.locator("[title='A good answer'][aria-pressed='true']").wait_for()
    line = json.loads(page.evaluate("open('thumbs.jsonl').read()"))
    assert line["good"] is True and line["question"] == "and in the north?"
    p.locator(".eow-ask-export").click()
    p.locator(".eow-ask-note", has_text="Written as").wait_for()

    p.locator(".eow-ask").scroll_into_view_if_needed()
    page.screenshot("ask_panel")
    assert page.errors() == []
    assert not [line for line in page.console if "uncaught" in line]


def test_alone_the_panel_has_a_picture_that_shows_evidence_and_takes_an_area(same_lab):
    page = same_lab(["import eowidgets as eow\ncube = eow.open('romania')\npanel = eow.AskPanel(cube)\npanel"])
    page.run_all()
    p = page.page
    p.locator(".eow-ask .eow-viewer[data-drawn]").wait_for()
    answer = ask(page, "Where was forest lost since 2017?", 0)
    answer.hover()
    p.locator(".eow-ask .eow-layer-row[data-layer=evidence]").wait_for(state="attached")
    page.screenshot("ask-alone")
    box = p.locator(".eow-ask .eow-picture").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    p.keyboard.down("Shift")
    p.mouse.move(x - 40, y - 40)
    p.mouse.down()
    p.mouse.move(x + 40, y + 40)
    p.mouse.up()
    p.keyboard.up("Shift")
    p.wait_for_function("() => document.querySelector('.eow-ask-place').textContent.includes('drawn area')")
    assert page.evaluate("panel.area == panel.viewer.area") == "True"
    assert page.errors() == []
