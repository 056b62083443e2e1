"""Draw the contact sheets from which the points are labelled by eye: ``python benchmarks/labels/sheets.py FOLDER``.

``overview-*.png``: the whole sample on eight dates, four pixels for one and a tick every ten, from which the strata were
drawn by hand. ``points-*.png``: two rows of chips per point (true colour; shortwave infrared, near infrared, red), one
column per date, the point's pixel in the frame in the middle. No algorithm is involved: the frames are shown as measured,
with the same stretch on all dates.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
from PIL import Image, ImageDraw

import eowidgets as eow

HERE = Path(__file__).parent
#: Mostly cloudless; not selected by content.
OVERVIEW = (
    "2015-08-31", "2016-08-15", "2017-07-06", "2017-10-04", "2018-07-01", "2018-10-04", "2019-07-06", "2020-07-05",
)  # fmt: skip
DATES = (
    "2016-06-16", "2016-08-15", "2016-10-14", "2017-04-02", "2017-06-06", "2017-07-31", "2017-10-04", "2018-04-02",
    "2018-05-22", "2018-07-01", "2018-08-25", "2018-10-14", "2018-11-13", "2019-03-28", "2019-07-06", "2019-08-20",
    "2019-10-19", "2020-03-17", "2020-05-16", "2020-07-05", "2020-08-29", "2020-11-07",
)  # fmt: skip
HALF = 5  # pixels at each side of the point
ZOOM = 6
POINTS = 6  # on a sheet


def picture(frame: Any, names: tuple[str, str, str], top: tuple[float, float, float]) -> np.ndarray:
    """Return one date as RGB, uint8."""
    rgb = np.stack([frame[n].values / t for n, t in zip(names, top, strict=True)], axis=-1)
    return np.rint(255 * np.nan_to_num(np.clip(rgb, 0, 1)) ** 0.7).astype(np.uint8)


def pictures(frame: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the date in true and in false colour."""
    true = picture(frame, ("red", "green", "blue"), (0.12, 0.12, 0.10))
    return true, picture(frame, ("swir16", "nir", "red"), (0.32, 0.40, 0.12))


def overview(cube: Any, folder: Path) -> None:
    for number in range(0, len(OVERVIEW), 4):
        sheet = Image.new("RGB", (4 * 420, 2 * 420), "white")
        pen = ImageDraw.Draw(sheet)
        for column, date in enumerate(OVERVIEW[number : number + 4]):
            for row, rgb in enumerate(pictures(cube.sel(time=date))):
                left, top = column * 420 + 18, row * 420 + 18
                sheet.paste(Image.fromarray(rgb).resize((400, 400), Image.Resampling.NEAREST), (left, top))
                pen.text((left + 150, top - 16), date, "black")
                for k in range(0, 100, 10):
                    pen.text((left + 4 * k, top - 10), str(k), "black")
                    pen.text((left - 16, top + 4 * k), str(k), "black")
        sheet.save(folder / f"overview-{number // 4}.png")


def points(cube: Any, folder: Path, name: str) -> None:
    """Draw six points per sheet, from a GeoPackage with the columns ``id``, ``row`` and ``column``."""
    table = geopandas.read_file(HERE / name)
    side = ZOOM * (2 * HALF + 1)
    frames = [pictures(cube.sel(time=date)) for date in DATES]
    for start in range(0, len(table), POINTS):
        sheet = Image.new("RGB", (len(DATES) * (side + 2), POINTS * (2 * side + 18)), "white")
        pen = ImageDraw.Draw(sheet)
        for i, point in enumerate(table.iloc[start : start + POINTS].itertuples()):
            for j, date in enumerate(DATES):
                left, top = j * (side + 2), i * (2 * side + 18)
                pen.text((left, top), date[2:] if j else f"#{point.id} {date[2:7]}", "red" if not j else "black")
                for k, rgb in enumerate(frames[j]):
                    padded = np.pad(rgb, ((HALF, HALF), (HALF, HALF), (0, 0)))
                    chip = padded[point.row : point.row + 2 * HALF + 1, point.column : point.column + 2 * HALF + 1]
                    y = top + 12 + k * (side + 1)
                    sheet.paste(Image.fromarray(chip).resize((side, side), Image.Resampling.NEAREST), (left, y))
                    a, b = left + ZOOM * HALF - 1, y + ZOOM * HALF - 1
                    pen.rectangle((a, b, a + ZOOM + 1, b + ZOOM + 1), outline="white")
        sheet.save(folder / f"points-{start // POINTS:02d}.png")


def main() -> None:
    """Draw them all."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "sheets")
    folder.mkdir(parents=True, exist_ok=True)
    cube = eow.open("romania", clouds=None)
    overview(cube, folder)
    if (HERE / "romania.gpkg").exists():
        points(cube, folder, "romania.gpkg")


if __name__ == "__main__":
    main()
