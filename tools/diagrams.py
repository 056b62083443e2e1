"""Draw the diagrams at the head of the notebooks as SVG: ``python tools/diagrams.py``.

Each diagram is a row of steps: a small drawing, a title and a note. The card under it is light or, where the page asks for
it, dark, so that the text is readable on both. Colours are those of the package (Okabe and Ito).
"""

from __future__ import annotations

import math
from html import escape
from pathlib import Path

OUT = Path(__file__).parents[1] / "docs" / "images"
STEP, GAP, HEIGHT, PAD = 176, 16, 196, 14
STYLE = """
  text { font-family: system-ui, 'DejaVu Sans', sans-serif; fill: #1a1a1a; text-anchor: middle }
  .title { font-size: 15px; font-weight: 600 } .note { font-size: 12px; fill: #444444 }
  .card { fill: #ffffff; stroke: #c8c8c8 } .paper { fill: #f4f4f4; stroke: #767676 } .cloud { fill: #e4e4e4; stroke: #767676 }
  .line { fill: none; stroke: #1a1a1a; stroke-width: 2 } .thin { fill: none; stroke: #767676; stroke-width: 1.5 }
  .ink { fill: none; stroke: #0072b2; stroke-width: 2.5 } .frame { fill: none; stroke: #d55e00; stroke-width: 3 }
  .dot { fill: #1a1a1a } .green { fill: #009e73 } .page { fill: #009e73; stroke: #ffffff } .blue { fill: #0072b2 }
  .red { fill: #d55e00 } .orange { fill: #e69f00 } .fan { fill: #0072b2; opacity: .3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f0f0 } .note { fill: #c8c8c8 } .dot { fill: #f0f0f0 }
    .card { fill: #1e1e1e; stroke: #5a5a5a } .paper { fill: #303030; stroke: #a0a0a0 } .cloud { fill: #5a5a5a; stroke: #a0a0a0 }
    .line { stroke: #f0f0f0 } .thin { stroke: #a0a0a0 } .ink { stroke: #56b4e9 } .fan { fill: #56b4e9 } .blue { fill: #56b4e9 }
  }
"""


def rect(x: float, y: float, w: float, h: float, kind: str) -> str:
    """Return a rectangle."""
    return f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="3" class="{kind}"/>'


def circle(x: float, y: float, r: float, kind: str) -> str:
    """Return a circle."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="{r:g}" class="{kind}"/>'


def path(points: list[tuple[float, float]], kind: str, close: bool = False) -> str:
    """Return a line, or an outline, through points."""
    steps = " ".join(f"{'ML'[i > 0]}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))
    return f'<path d="{steps}{" Z" if close else ""}" class="{kind}"/>'


def text(x: float, y: float, words: str, kind: str) -> str:
    """Return a line of text, centred."""
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(words)}</text>'


# The drawings: each fills about 140 x 80 from (0, 0).


def cloud(x: float, y: float) -> str:
    """Draw a cloud."""
    return circle(x, y, 9, "cloud") + circle(x + 11, y - 3, 11, "cloud") + circle(x + 23, y + 1, 8, "cloud")


def stack(cloudy: bool = True) -> str:
    """Draw images through time, some with clouds."""
    pages = [rect(20 + 22 * k, 22 - 6 * k, 54, 54, "page") for k in range(4)]
    return "".join(pages) + (cloud(94, 22) + cloud(36, 56) if cloudy else "")


def axis() -> str:
    """Draw a time axis with clear and cloudy dates."""
    cloudy = {2, 5, 6}
    dots = [circle(16 + 14 * k, 62, 4.5, "thin" if k in cloudy else "dot") for k in range(8)]
    return (
        rect(45, 0, 50, 44, "green")
        + path([(8, 62), (132, 62)], "thin")
        + "".join(dots)
        + path([(72, 50), (72, 76)], "ink")
    )


def area() -> str:
    """Draw an area on a picture."""
    return rect(32, 2, 76, 76, "green") + circle(88, 22, 6, "orange") + rect(46, 34, 34, 26, "frame")


def swipe() -> str:
    """Draw a picture with clouds on the left of a line, and without on the right."""
    return (
        rect(32, 2, 76, 76, "green")
        + cloud(38, 26)
        + cloud(40, 58)
        + path([(70, -2), (70, 82)], "line")
        + circle(70, 40, 6, "blue")
    )


def file(words: str) -> str:
    """Draw a file with its type."""
    return (
        rect(46, 2, 48, 62, "paper")
        + text(70, 40, words, "note")
        + path([(70, 64), (70, 78)], "line")
        + arrow_head(70, 80, 90)
    )


def season(hidden: bool = False, broken: bool = False) -> str:
    """Draw the yearly course of a pixel; with a hidden date, or with a break."""
    points = []
    for k in range(60):
        level = 26 if broken and k > 38 else 0
        points.append((8 + k * 2.1, 40 - 26 * math.sin(k / 60 * 6 * math.pi) * (0.6 if level else 1) + level * 0.6))
    line = path(points, "line")
    if broken:
        return line + path([(88, 0), (88, 80)], "frame")
    if hidden:
        return line + circle(*points[30], 7, "red") + cloud(58, 22)
    return line + "".join(circle(x, y, 3, "dot") for x, y in points[::6])


def table() -> str:
    """Draw a table of methods, the best one marked."""
    rows = [rect(24, 8 + 18 * k, 92 - 12 * k, 12, "blue" if k == 0 else "paper") for k in range(4)]
    return "".join(rows)


def places() -> str:
    """Draw changed places as polygons."""
    shapes = (
        [(44, 18), (58, 14), (62, 28), (50, 34)],
        [(78, 36), (94, 34), (96, 50), (82, 54)],
        [(50, 54), (66, 52), (64, 68)],
    )
    return rect(32, 2, 76, 76, "green") + "".join(path(s, "red", close=True) for s in shapes)


def fan() -> str:
    """Draw a series that continues as a fan."""
    past = [(8 + 6 * k, 40 - 20 * math.sin(k * 0.75)) for k in range(12)]
    high = [(78 + 6 * k, 38 - 10 * math.sin((k + 11.6) * 0.75) - 3 * k) for k in range(10)]
    low = [(x, y + 8 + 5.2 * k) for k, (x, y) in enumerate(high)]
    middle = [(x, (y + v) / 2) for (x, y), (_, v) in zip(high, low, strict=True)]
    dots = "".join(circle(x, y, 3, "dot") for x, y in past)
    return dots + path(high + low[::-1], "fan", close=True) + path(middle, "ink")


def below() -> str:
    """Draw a fan with observations below it."""
    return fan() + "".join(circle(100 + 12 * k, 72 + 2 * k, 3.5, "red") for k in range(3))


def alarm() -> str:
    """Draw alarms on a picture."""
    patches = "".join(circle(x, y, 6, "orange") for x, y in ((52, 24), (84, 30), (66, 50), (92, 62)))
    return rect(32, 2, 76, 76, "green") + patches


def question() -> str:
    """Draw a question."""
    return (
        rect(24, 10, 92, 46, "paper")
        + path([(44, 56), (40, 72), (60, 56)], "thin")
        + text(70, 38, "How much ... ?", "note")
    )


def program() -> str:
    """Draw a program as steps."""
    boxes = [rect(30 + 14 * k, 8 + 24 * k, 54, 16, "paper") for k in range(3)]
    return (
        "".join(boxes) + path([(84, 16), (92, 16), (92, 32)], "thin") + path([(98, 40), (106, 40), (106, 56)], "thin")
    )


def network() -> str:
    """Draw a small network."""
    left, middle, right = [(34, 14 + 26 * k) for k in range(3)], [(70, 6 + 22 * k) for k in range(4)], [(106, 40)]
    lines = [path([a, b], "thin") for a in left for b in middle] + [path([a, b], "thin") for a in middle for b in right]
    return "".join(lines) + "".join(circle(x, y, 6, "blue") for x, y in left + middle + right)


def cover() -> str:
    """Draw a map of values in cells."""
    kinds = ("green", "green", "orange", "green", "red", "green", "blue", "green", "green")
    return "".join(rect(34 + 24 * (k % 3), 4 + 24 * (k // 3), 22, 22, kind) for k, kind in enumerate(kinds))


def two() -> str:
    """Draw two pictures of different seasons."""
    return rect(14, 14, 50, 50, "green") + rect(76, 14, 50, 50, "orange") + path([(64, 39), (76, 39)], "line")


def arrow_head(x: float, y: float, angle: float) -> str:
    """Draw the head of an arrow."""
    return f'<path d="M-7 -5 L1 0 L-7 5" class="line" transform="translate({x:g} {y:g}) rotate({angle:g})"/>'


Step = tuple[str, str, str]
DIAGRAMS: dict[str, tuple[str, list[Step]]] = {
    "01": (
        "Open a series, look through time, measure an area, fill clouds, save a file",
        [
            (stack(), "Open", "140 dates, one cube"),
            (axis(), "Look", "drag through time"),
            (area(), "Measure", "draw, chart, hectares"),
            (swipe(), "Fill", "predict what clouds hide"),
            (file(".tif"), "Save", "for your GIS"),
        ],
    ),
    "02": (
        "Hide a clear date, test methods, fill, compare with the truth",
        [
            (season(hidden=True), "Hide", "a date whose truth is known"),
            (table(), "Test", "methods on hidden pixels"),
            (swipe(), "Fill", "by the best method"),
            (season(), "Reveal", "compare with the truth"),
        ],
    ),
    "03": (
        "Learn each pixel's normal year, find the break, join pixels to places, report",
        [
            (season(), "History", "the normal year of a pixel"),
            (season(broken=True), "Break", "dates that do not fit"),
            (places(), "Places", "hectares, date, kind"),
            (file(".gpkg"), "Report", "polygons and a sentence"),
        ],
    ),
    "04": (
        "Forecast with intervals, compare with observations, raise alarms",
        [
            (season(), "Series", "clear dates of a pixel"),
            (fan(), "Forecast", "a fan of intervals"),
            (below(), "Observe", "three dates below the fan"),
            (alarm(), "Alarm", "a map during the summer"),
        ],
    ),
    "05": (
        "A question becomes a program, the program masks and numbers, and these a sentence or a refusal",
        [
            (question(), "Question", "in plain English"),
            (program(), "Program", "typed steps, code"),
            (places(), "Evidence", "masks and numbers"),
            (table(), "Answer", "a sentence, or a refusal"),
        ],
    ),
    "06": (
        "Train a network, wrap it as a model, get maps, polygons and series, check them",
        [
            (stack(), "Cube and map", "what to learn from"),
            (network(), "Train", "11 000 weights, seconds"),
            (cover(), "Run", "maps, polygons, vectors"),
            (table(), "Check", "another method, a test"),
        ],
    ),
    "07": (
        "Label places, teach, look at the map, correct it, keep labels and model",
        [
            (places(), "Label", "five places of each class"),
            (table(), "Teach", "tested on held-out blocks"),
            (cover(), "Map", "classes and doubt"),
            (alarm(), "Correct", "label a mistake, test again"),
            (file(".gpkg"), "Keep", "labels and model"),
        ],
    ),
    "08": (
        "Map, draw a sample, label it blind, correct the area, report it",
        [
            (places(), "Map", "hectares by counting"),
            (season(), "Sample", "points of each stratum"),
            (question(), "Label", "blind to the map"),
            (table(), "Area", "with a 95 % interval"),
            (file(".html"), "Report", "a page to hand over"),
        ],
    ),
    "09": (
        "Name an area and dates, find the days, see the cost, open, keep",
        [
            (places(), "Area", "a box, a file, a drawing"),
            (table(), "Find", "days, clouds, coverage"),
            (question(), "Cost", "megabytes before reading"),
            (stack(), "Open", "the chosen days as a cube"),
            (file(".zarr"), "Keep", "for work offline"),
        ],
    ),
    "10": (
        "Encode a cube, look at the vectors, find similar places, compare years, measure",
        [
            (network(), "Encode", "a vector per patch"),
            (cover(), "Look", "vectors as colours"),
            (places(), "Search", "places like a click"),
            (two(), "Compare", "a year with the next"),
            (table(), "Measure", "does it help?"),
        ],
    ),
    "11": (
        "The same steps on seven images of one year",
        [
            (stack(cloudy=False), "Open", "7 images, no clouds"),
            (season(hidden=True), "Fill", "another method wins"),
            (two(), "Change", "two images: the season"),
            (below(), "Forecast", "no winter is known"),
        ],
    ),
}


def draw(title: str, steps: list[Step]) -> str:
    """Return a diagram as SVG."""
    width = len(steps) * STEP + (len(steps) - 1) * GAP + 2 * PAD
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{HEIGHT - 1}" rx="10" class="card"/>',
    ]
    for k, (drawing, name, note) in enumerate(steps):
        left = PAD + k * (STEP + GAP)
        parts.append(f'<g transform="translate({left + (STEP - 140) / 2:g} 26)">{drawing}</g>')
        parts.append(text(left + STEP / 2, 146, f"{k + 1}  {name}", "title"))
        parts.append(text(left + STEP / 2, 168, note, "note"))
        if k:
            parts.append(arrow_head(left - GAP / 2 + 3, 68, 0))
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    """Write all diagrams."""
    for name, (title, steps) in DIAGRAMS.items():
        (OUT / f"notebook-{name}.svg").write_text(draw(title, steps), encoding="utf-8")
        print(OUT / f"notebook-{name}.svg")


if __name__ == "__main__":
    main()
