"""A model and a cube, checked against each other: the start of every run, local or remote."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.contract.model import Dates, Model
from eowidgets.contract.outputs import Gathered, InputBands, Mosaic, Output
from eowidgets.contract.prepare import check_inputs, resolution_of, wanted_bands
from eowidgets.contract.registry import get_model
from eowidgets.cube import schema
from eowidgets.cube.admission import admit
from eowidgets.cube.grid import geobox, georeference
from eowidgets.cube.vectors import as_bands
from eowidgets.engine import device as dev
from eowidgets.engine.blame import blame, declared
from eowidgets.engine.companion import Companion, check_ground, split, with_companions
from eowidgets.engine.fitted import Fitted
from eowidgets.engine.gather import Gather
from eowidgets.engine.plan import Limits, Plan, make_plan
from eowidgets.engine.predict import Predictor, Site
from eowidgets.engine.provenance import iso
from eowidgets.engine.reader import RasterBlock, Reader, input_summary
from eowidgets.engine.result import Frame, coarser, make_template
from eowidgets.engine.strips import Strips
from eowidgets.engine.surroundings import kept
from eowidgets.engine.table import Table
from eowidgets.errors import InputError, ModelError, shown

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Workload:
    """A validated pair of a model and a cube; can be pickled for remote workers.

    Attributes
    ----------
    fitted : Fitted
        The model, fitted to the pixels of this cube.
    cube : Dataset
        Cut to the area's rectangle.
    area : Area, optional
    site : Site
    frame : Frame or Table
    seed : int
    device : str
    compile : bool
    """

    fitted: Fitted
    cube: xr.Dataset
    area: Any
    site: Site
    frame: Frame | Table
    seed: int
    device: str
    compile: bool

    @property
    def model(self) -> Model:
        """The model."""
        return self.fitted.model

    @property
    def shape(self) -> tuple[int, int, int]:
        """Dates, rows and columns of the input."""
        sizes = self.cube.sizes
        return sizes["time"], sizes["y"], sizes["x"]

    def reader(self) -> Callable[[slice, slice], RasterBlock]:
        """Return the reader of the bands that the model takes, and of its further sources."""
        reader = Reader(self.cube, self.site.bands)
        return with_companions(reader, self.cube.odc.geobox, self.site.companions)

    def learn(self, log: Callable[[str], None] = lambda _: None) -> None:
        """Fit the model to the cube, if it learns; it may take minutes."""
        learn_from(self.model, self.cube, log)

    @property
    def learns(self) -> bool:
        """Whether the model learns from the cube before it is run."""
        return type(self.model).learn is not Model.learn

    def sources(self) -> dict[str, Any]:
        """Describe the further sources, for the provenance."""
        return {
            c.source.name: {"input": input_summary(c.cube, c.bands), "dates": iso(c.cube)} for c in self.site.companions
        }

    def plan(self, limits: Limits, log: Callable[[str], None], checkpoint: Callable[[], None]) -> Plan:
        """Choose the settings; may run the model on small windows."""
        device = dev.pick_device(self.device)
        return make_plan(
            self.fitted,
            self.reader(),
            self.site,
            self.frame.outputs,
            self.shape,
            device,
            limits,
            log=log,
            checkpoint=checkpoint,
        )

    @contextmanager
    def strips(
        self,
        plan: Plan,
        *,
        log: Callable[[str], None] = lambda _: None,
        checkpoint: Callable[[], None] = lambda: None,
        on_batch: Callable[[int], None] = lambda _: None,
        on_window: Callable[[slice, slice, dict[str, Array]], None] | None = None,
        reader: Callable[[slice, slice], RasterBlock] | None = None,
        shape: tuple[int, int, int] | None = None,
    ) -> Iterator[Strips | Gather]:
        """Set up everything for the strips of a run, and clean up afterwards.

        ``reader`` and ``shape`` are for a worker that holds a part of the cube and thinks in rows of the whole.
        """
        predictor = Predictor(
            self.fitted,
            self.site,
            self.frame.outputs,
            device=dev.pick_device(self.device),
            precision=plan.precision,
            size=plan.window,
            batch=plan.batch,
            seed=self.seed,
            compile=self.compile,
            log=log,
            checkpoint=checkpoint,
        )
        with predictor.ready():
            kind: Any = Gather if isinstance(self.frame, Table) else Strips
            yield kind(
                plan,
                plan.grid(shape or self.shape),
                reader or self.reader(),
                predictor,
                self.frame,
                inside=self._inside if self.area is not None else None,
                on_window=on_window,
                on_batch=on_batch,
                checkpoint=checkpoint,
            )

    def _inside(self, rows: slice) -> Array:
        inside: Array = self.area.mask(self._result_grid[rows, :], all_touched=self._holds_no_centre)
        return inside

    @cached_property
    def _result_grid(self) -> Any:
        stride = self.frame.stride
        return self.site.geobox if stride == 1 else coarser(self.site.geobox, stride)

    @cached_property
    def _holds_no_centre(self) -> bool:
        # Decided for the whole area, not strip by strip; a large one is sure to hold a pixel's centre.
        box = self._result_grid
        return box.height * box.width <= 1 << 20 and not self.area.mask(box, all_touched=False).any()


def make_workload(
    model: str | Model | type[Model],
    cube: xr.Dataset | Mapping[str, xr.Dataset],
    area: Any = None,
    *,
    seed: int = 0,
    device: str = "auto",
    compile: bool = False,
    params: Mapping[str, Any] | None = None,
    when: Dates | None = None,
) -> Workload:
    """Check a model against a cube and combine them; ``when`` replaces the model's output dates.

    Raises
    ------
    InputError, ModelError
        For a cube that does not suit the model, before any work is done.
    """
    made = get_model(model, **(params or {}))
    cube, others = split(made.name, made.feed.sources, cube)
    cube = georeference(as_bands(admit(cube)))
    geobox(cube)  # refuses a cube without pixel size
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool):
        raise InputError(f"The seed is {seed!r}: give a whole number.")
    dev.pick_device(device)
    shape = None
    if area is not None:
        cube, shape = cut_to(cube, area)
    with blame(made, "when it was given this cube"), kept():
        made = for_one_run(made)
        check_inputs(made, cube)
        fitted = Fitted.of(made, cube, when)
        bands = wanted_bands(made, cube)
        outputs = declared(made, bands)
    check_outputs(fitted, outputs)
    dates = cube["time"].values.astype("datetime64[ns]")
    with blame(made, "when it was asked for its dates"), kept():
        out_dates = fitted.out_dates(dates)
    attrs = {b: {k: v for k, v in cube[b].attrs.items() if k not in ("role", "grid_mapping")} for b in bands}
    frame = make_frame(cube, outputs, InputBands(bands, attrs), out_dates)
    names = [v.name for v in frame.variables]
    taken = [*names, *(frame.template.coords if isinstance(frame, Frame) else ()), *schema.DIMS]
    doubled = {n for n in names if taken.count(n) > 1}
    if doubled:
        raise ModelError(
            f"Model {shown(made.name)} gives an output named {sorted(doubled)[0]!r} twice, or named like a "
            "coordinate: give each output a unique name."
        )
    metres = resolution_of(cube) or 1.0
    companions = tuple(Companion.of(made.name, s, others[s.name], metres) for s in made.feed.sources)
    check_ground(made.name, companions, cube.odc.geobox)
    site = Site(bands, days_of(dates), days_of(out_dates), cube.odc.geobox, metres, companions)
    return Workload(fitted, cube, shape, site, frame, int(seed), str(device), compile)


def make_frame(cube: xr.Dataset, outputs: tuple[Output, ...], source: InputBands, dates: Array) -> Frame | Table:
    """Return the layout of the result, without its values."""
    mosaics = tuple(o for o in outputs if isinstance(o, Mosaic))
    if mosaics:
        return Frame(mosaics, source, make_template(cube, dates, mosaics))
    return Table(tuple(o for o in outputs if isinstance(o, Gathered)), cube.odc.geobox, dates)


def check_outputs(model: Fitted, outputs: tuple[Output, ...]) -> None:
    """Refuse outputs that cannot form a result.

    Raises
    ------
    ModelError
    """
    name = shown(model.name)
    mosaics = tuple(o for o in outputs if isinstance(o, Mosaic))
    if not all(isinstance(o, Mosaic | Gathered) for o in outputs):
        raise ModelError(f"The model {name} must return outputs such as eow.Value('height') from outputs(bands).")
    if not outputs:
        raise ModelError(f"The model {name} has no output for these bands: choose another model.")
    problem = model.model.feed.problem(outputs)
    if problem is not None:
        raise ModelError(f"The model {name} gives {problem}.")
    if len(mosaics) < len(outputs) and len(outputs) > 1:
        raise ModelError(
            f"The model {name} has {len(outputs)} outputs, one of them a table: give one table, or rasters only."
        )
    if not mosaics:
        return
    strides = {o.stride for o in mosaics}
    if len(strides) > 1:
        raise ModelError(
            f"The outputs of the model {name} have strides of {sorted(strides)}: give all the same stride."
        )
    stride, feed = strides.pop(), model.feed
    for what, pixels in (("multiple", feed.multiple), ("halo", feed.halo)):
        if pixels % stride:
            raise ModelError(
                f"The model {name} has outputs of one cell per {stride} pixels and a {what} of {pixels}: declare a "
                f"{what} that is a multiple of {stride}."
            )


def learn_from(model: Model, cube: xr.Dataset, log: Callable[[str], None]) -> None:
    """Fit a model to a cube, if it learns.

    Raises
    ------
    ModelError
    """
    if type(model).learn is Model.learn:
        return
    log(f"{model.name} learns from the cube.")
    with blame(model, "when it learnt from this cube"), kept():
        model.learn(cube)


def for_one_run(model: Model) -> Model:
    """Copy a model that keeps what it surveys or learns: two runs of one instance must not share these. Networks stay shared."""
    if type(model).survey is Model.survey and type(model).learn is Model.learn:
        return model
    model.module()  # loaded once, for all copies
    return copy.copy(model)


def cut_to(cube: xr.Dataset, area: Any) -> tuple[xr.Dataset, Any]:
    """Cut a cube to the rectangle around an area; also give the area, for its outline.

    Raises
    ------
    InputError
        When the area lies outside the cube.
    """
    from eowidgets.cube.area import Area
    from eowidgets.cube.window import window

    shape = Area.of(area)
    cut = window(cube, shape)
    if cut is None:
        raise InputError(
            "The area lies outside the cube: choose an area that overlaps it, or open a cube for this area."
        )
    return georeference(cut), shape


def days_of(dates: npt.NDArray[np.datetime64]) -> npt.NDArray[np.float64]:
    """Return days since 1970-01-01."""
    return dates.astype("datetime64[ns]").astype("int64") / 86_400e9
