"""hvPlot's accessor without its page scripts, and charts where a cell ends with a figure."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import xarray as xr

from eowidgets.errors import InputError, MissingExtraError


def charts() -> None:
    """Register ``.hvplot`` for xarray and pandas, and show figures in notebooks without a network.

    The first use of ``cube.hvplot`` does the same. Importing ``hvplot.xarray`` or ``hvplot.pandas`` would write scripts
    into the page that load from the internet; after this call these imports write nothing. A cell that ends with a
    HoloViews object or a Bokeh figure shows it as :class:`~eowidgets.widgets.charts.chart.Chart`.

    Raises
    ------
    MissingExtraError
        Where hvPlot is not installed (``pip install 'eowidgets[charts]'``).

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.charts()
    >>> eow.open("romania").red.mean("time").hvplot.image(x="x", y="y").kdims
    [Dimension('x'), Dimension('y')]
    """
    try:
        import holoviews
        import hvplot
    except ImportError as error:
        raise MissingExtraError("hvPlot", "charts") from error

    # Both modules call this after they have registered their accessor, each time they are imported.
    hvplot.post_patch = _no_page_scripts
    holoviews.Store.set_current_backend("bokeh")
    for name in ("hvplot.xarray", "hvplot.pandas"):
        import_module(name)
    if find_spec("geoviews") is None:
        _leave_out_grid_mapping()
    _show_as_charts()


def _no_page_scripts(*_: Any, **__: Any) -> None:
    """Replace ``hvplot.post_patch``, which writes the scripts of HoloViews and Panel into the page."""


def _leave_out_grid_mapping() -> None:
    """Keep ``spatial_ref``, a coordinate that is always 0, out of titles and tables; only geoviews reads the CRS in it."""
    from hvplot import hvPlot

    class CubePlot(hvPlot):
        __doc__ = hvPlot.__doc__

        def __init__(self, data: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(data.drop_vars("spatial_ref", errors="ignore"), *args, **kwargs)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # hvPlot's own accessor is replaced on purpose
        xr.register_dataset_accessor("hvplot")(CubePlot)  # type: ignore[no-untyped-call]
        xr.register_dataarray_accessor("hvplot")(CubePlot)  # type: ignore[no-untyped-call]


def _show_as_charts() -> None:
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    from bokeh.models.layouts import LayoutDOM
    from holoviews.core.dimension import Dimensioned

    shown = shell.display_formatter
    shown.mimebundle_formatter.for_type(Dimensioned, _as_chart)
    shown.mimebundle_formatter.for_type(LayoutDOM, _as_chart)
    # Bokeh's own is a list of all properties of the figure, some of which differ from run to run.
    shown.formatters["text/html"].for_type(LayoutDOM, _nothing)


def _nothing(_: Any) -> None:
    """Return no HTML."""


def _as_chart(figure: Any) -> Any:
    """Return the MIME bundle of a figure; None, which means its own repr, where it cannot be drawn by Bokeh."""
    import holoviews

    from eowidgets.widgets.charts.chart import Chart

    if isinstance(figure, holoviews.core.Dimensioned) and holoviews.Store.current_backend != "bokeh":
        return holoviews.Store.render(figure)
    try:
        return Chart(figure)._repr_mimebundle_()
    except InputError:
        return None
