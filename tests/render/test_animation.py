from __future__ import annotations

import numpy as np
import pytest

from eowidgets.errors import InputError, SourceError
from eowidgets.render.animation import frames, save
from eowidgets.render.picture import draw
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style


def test_a_frame_is_the_picture_above_a_strip_with_date_and_legend(make_cube):
    source = FrameSource(make_cube(height=40, width=50))
    style = Style(bands=("red",))
    first, second = frames(source, style, [0, 1], size=400)
    assert first.shape == second.shape == (40 * 8 + 36, 400, 3)
    np.testing.assert_array_equal(first[:320:8, ::8], draw(source, style, 0)[..., :3])
    strip = first[320:].astype(int)
    assert (strip.max(-1) > 200).sum() > 50  # something is written
    assert (strip != second[320:]).any()  # and the date is another


def test_gif_and_mp4_can_be_read_back(make_cube, tmp_path):
    import imageio.v3 as iio

    source = FrameSource(make_cube(height=40, width=50))
    pictures = list(frames(source, Style(bands=("red",)), range(3), size=200))
    for name in ("a.gif", "a.mp4"):
        path = save(tmp_path / name, pictures, fps=2)
        back = iio.imread(path, index=None) if name == "a.gif" else iio.imread(path, plugin="FFMPEG")
        assert len(back) == 3
        assert back[0].shape[:2] == pictures[0].shape[:2]
        error = np.abs(back[1][..., :3].astype(int) - pictures[1].astype(int)).mean()
        assert error < 12  # GIF has 256 colours, MP4 loses a little
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.gif", "a.mp4"]


def test_what_cannot_be_written_is_said(tmp_path):
    with pytest.raises(InputError, match=r"\.gif or \.mp4"):
        save(tmp_path / "a.avi", [], 2)
    with pytest.raises(InputError, match="frames per second"):
        save(tmp_path / "a.gif", [], 0)
    with pytest.raises(SourceError):
        save(tmp_path / "missing" / "a.gif", [np.zeros((4, 4, 3), np.uint8)], 2)

    def broken():
        yield np.zeros((4, 4, 3), np.uint8)
        raise OSError("disk is gone")

    with pytest.raises(SourceError, match="disk is gone"):
        save(tmp_path / "a.gif", broken(), 2)
    assert list(tmp_path.iterdir()) == []
