"""A map to say where: the cube on it, an area drawn or uploaded, pins, layers with legends."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Unpack, cast

import ipyleaflet
import ipywidgets
import numpy as np
import traitlets
import xarray as xr

from eowidgets.arguments import checked
from eowidgets.cube.admission import admit
from eowidgets.cube.antimeridian import placed, towards, wrap
from eowidgets.cube.area import Area, AreaLike
from eowidgets.cube.area_source import CRSLike
from eowidgets.cube.globe import outline
from eowidgets.cube.grid import bounds, geobox
from eowidgets.errors import EowidgetsError, InputError, shown, unknown
from eowidgets.render.result import thin
from eowidgets.widgets.base import AreaTrait, PlainErrors
from eowidgets.widgets.map import basemap as base
from eowidgets.widgets.map.controls import DRAWN, MapControls
from eowidgets.widgets.map.layer_list import LayerList
from eowidgets.widgets.map.picture_layers import PictureLayers
from eowidgets.widgets.map.rasters import Rasters
from eowidgets.widgets.map.screen import corners, is_rectangle, mercator, same_shape
from eowidgets.widgets.map.time_layer import TimeLayer
from eowidgets.widgets.map.typed import Basemap, MapOptions
from eowidgets.widgets.places import free_color

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

_FOOTPRINT = {"color": "#0072b2", "weight": 2, "fill": False, "dash_array": "6 4"}
#: Clicks within this number of screen pixels of an object select it.
_NEAR = 8
#: Latitude at which a web map ends.
_LAST = 85.06
#: Largest upload in bytes that a web map accepts in one message.
_LARGEST_UPLOAD = 8_000_000


@lru_cache(maxsize=1)
def _with_leafmap() -> type[AreaMap]:
    """Return the same class based on leafmap's map; imported on demand, since leafmap takes over a second to import."""
    import leafmap.leafmap

    return type("AreaMap", (AreaMap, leafmap.leafmap.Map), {"__doc__": AreaMap.__doc__, "__module__": __name__})


@checked
class AreaMap(PlainErrors, MapControls, PictureLayers, Rasters, ipyleaflet.Map):
    """A map with the cube on it, to draw an area and to put pins.

    It is a ``leafmap.Map`` where leafmap is installed (all its methods work), else an ``ipyleaflet.Map``.

    Parameters
    ----------
    cube : Dataset, optional
        Its footprint and the frame of ``date`` are shown.
    area : optional
        Whatever ``eow.Area.of`` takes.
    basemap : {"streets", "light", "dark", "imagery", "terrain"}
        Shown as soon as tiles are reachable; until then, and offline, coastlines and a graticule.
    height : str
        CSS height.
    toolbar : bool
        Whether leafmap's toolbar is shown as well, where leafmap is installed.
    **options
        Traits of ``ipyleaflet.Map``, such as ``center`` and ``zoom``.

    Attributes
    ----------
    area : dict or None
        GeoJSON geometry in degrees. Set it to anything that ``eow.Area.of`` takes.
    pins : list of dict
        ``{"lon", "lat", "color"}`` of every pin, in the order they were put.
    date : str
        ISO date of the frame on the map.
    bands : tuple of str
        One band, or three for red, green, blue.
    frames : TimeLayer or None
        The cube on the map, drawn in the browser: a step through time sends nothing.
    layer_list : LayerList
        Widget with the layers, their visibility and opacity.
    basemap_choice : Dropdown
        What lies below; only coastlines without a network.

    Raises
    ------
    InputError
        For something that is not a cube, has no CRS, or an invalid area.

    Examples
    --------
    >>> import eowidgets as eow
    >>> m = eow.AreaMap(eow.open("romania"))  # doctest: +SKIP
    >>> m.area = (24.01, 45.85, 24.02, 45.86)  # doctest: +SKIP
    """

    area: Any = AreaTrait(allow_none=True)
    pins: Any = traitlets.List()
    date: str = cast("str", traitlets.Unicode(""))
    bands: tuple[str, ...] = cast("tuple[str, ...]", traitlets.Tuple())
    frames: Any = traitlets.Instance(TimeLayer, allow_none=True)

    def __new__(cls, *args: Any, **kwargs: Any) -> AreaMap:
        """Choose the base class: leafmap's where it is installed."""
        chosen = _with_leafmap() if cls is AreaMap and find_spec("leafmap") else cls
        made: AreaMap = super().__new__(chosen, *args, **kwargs)
        return made

    def __init__(
        self,
        cube: xr.Dataset | None = None,
        *,
        area: AreaLike | None = None,
        basemap: Basemap = "streets",
        height: str = "480px",
        toolbar: bool = False,
        **options: Unpack[MapOptions],
    ) -> None:
        for name in options:
            if name not in self.trait_names():
                raise unknown("option of AreaMap", name, self.trait_names())
        self.cube: xr.Dataset | None = None
        self._basemap_name = basemap
        self._legends = {}
        plain = {"draw_control": False, "toolbar_control": False, "fullscreen_control": False, "scale_control": False}
        leaf = plain if type(self) is not AreaMap else {}
        # A local layer from the start: the default would request a tile server before it is known to be reachable.
        self._under = (base.coastlines(), base.graticule())
        ours = {"scroll_wheel_zoom": True, "max_zoom": 22, "layers": self._under, "panes": base.PANES}
        given: dict[str, Any] = {**ours, **leaf, **dict(options)}
        super().__init__(**given)
        self._under[0].name = base.COASTLINES  # leafmap renames the first layer
        self.layout.height, self.layout.min_height = height, "160px"
        self._footprint = ipyleaflet.Polygon(name="footprint", **_FOOTPRINT)
        self._pins = ipyleaflet.LayerGroup(name="pins")
        self.layers = (*self.layers, self._footprint, self._pins)
        self._make_controls()
        self.layer_list = LayerList(self)
        #: Tiles can be chosen once they are known to be reachable.
        self.basemap_choice = ipywidgets.Dropdown(
            options=[base.COASTLINES], description="Basemap", tooltip="Background map; tiles need a network"
        )
        self.basemap_choice.observe(lambda change: self.show_basemap(change["new"]), names="value")
        self.observe(self._to_frames, names=["date", "bands"])
        self.observe(self._show_area, names="area")
        self.observe(self._show_pins, names="pins")
        self.on_interaction(self._clicked)
        if cube is not None:
            self.set_cube(cube, look="center" not in options and "zoom" not in options)
        if area is not None:
            self.area = area
        if toolbar:
            self._add_toolbar()
        base.when_online(self._add_tiles)

    # --- the cube ---------------------------------------------------------------------------------------------

    def set_cube(self, cube: xr.Dataset, *, look: bool = True) -> None:
        """Show another cube, and move the map to it.

        Parameters
        ----------
        cube : Dataset
            The cube to show.
        look : bool
            Whether the map moves to it.

        Raises
        ------
        InputError
            If it is no cube, or has no CRS.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> area_map = eow.AreaMap(tiny_cube())
        >>> area_map.set_cube(tiny_cube(dates=3))
        """
        cube = admit(cube, time=False)
        box = geobox(cube)
        if self.frames is None:
            self.frames = TimeLayer(thin(cube), self)
            self.frames.observe(self._from_frames, names=["date", "bands"])
            self.frames.observe(lambda change: self.say(change["new"].get("message", "")), names="error")
        else:
            self.frames.set_cube(thin(cube))
        self.cube = cube
        self._footprint.locations = [[float(np.clip(lat, -_LAST, _LAST)), lon] for lon, lat in outline(box)]
        if look:
            self.look_at(bounds(cube))
        self._from_frames()

    def look_at(self, place: AreaLike) -> None:
        """Move the map so that ``place`` (whatever ``eow.Area.of`` takes) fills it.

        Parameters
        ----------
        place : Area or what ``eow.Area.of`` takes
            The place that fills the map.

        Raises
        ------
        InputError
            If it is no area.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> area_map = eow.AreaMap(tiny_cube())
        >>> area_map.look_at((27.0, 45.1, 27.1, 45.2))
        >>> [round(v, 2) for v in area_map.center]
        [45.15, 27.05]
        """
        west, south, east, north = Area.of(place).bounds
        self.center = ((south + north) / 2, (west + east) / 2)
        # The size on screen is not known before the map is shown; most maps are at least this large.
        across, down = 640 / 256, 400 / 256
        tall = (mercator(north) - mercator(south)) / (2 * np.pi)
        zoom = np.log2(min(across * 360 / max(east - west, 1e-9), down / max(tall, 1e-9)))
        self.zoom = float(np.clip(np.floor(zoom), 1, 18))

    def _from_frames(self, _: Any = None) -> None:
        with self.hold_trait_notifications():
            self.bands = tuple(self.frames.bands)
            self.date = self.frames.date

    def _to_frames(self, change: Any) -> None:
        if self.frames is None:
            return
        # Another widget's cube may have other dates.
        if change["name"] == "bands" or change["new"] in self.frames.sources["cube"].labels:
            setattr(self.frames, change["name"], change["new"])

    @traitlets.validate("bands")
    def _check_bands(self, proposal: dict[str, Any]) -> tuple[str, ...]:
        names = tuple(proposal["value"])
        for name in names:
            if self.frames is not None and name not in self.frames.sources["cube"].bands:
                raise unknown("band", name, self.frames.sources["cube"].bands)
        if self.cube is not None and len(names) not in (1, 3):
            raise InputError(f"A picture takes one band or three, not {len(names)}.")
        return names

    # --- the area ---------------------------------------------------------------------------------------------

    @property
    def area_value(self) -> Area | None:
        """Return the area as an :class:`~eowidgets.Area`, or None."""
        return None if self.area is None else Area.of(self.area)

    def area_gdf(self) -> gpd.GeoDataFrame:
        """Return the area as a GeoDataFrame in degrees with one row.

        Returns
        -------
        GeoDataFrame
            Columns ``name``, ``hectares`` and ``geometry``.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> area_map = eow.AreaMap(tiny_cube())
        >>> area_map.area = (27.0, 45.1, 27.1, 45.2)
        >>> len(area_map.area_gdf())
        1
        """
        return self._needed().gdf()

    def area_in(self, crs: CRSLike) -> BaseGeometry:
        """Return the area as a shapely geometry in another CRS, such as ``cube.rio.crs``.

        Parameters
        ----------
        crs : str, int or CRS
            Coordinate reference system.

        Returns
        -------
        shapely geometry
            Polygon or multipolygon in units of the CRS.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> area_map = eow.AreaMap(tiny_cube())
        >>> area_map.area = (27.0, 45.1, 27.1, 45.2)
        >>> area_map.area_in("EPSG:32635").geom_type
        'Polygon'
        """
        return self._needed().to_crs(crs)

    def _needed(self) -> Area:
        area = self.area_value
        if area is None:
            raise InputError("No area is set: draw one on the map, upload a file, or set  map.area = ...")
        return area

    def view_area(self) -> Area | None:
        """Return what is in view, cut to the cube.

        Returns
        -------
        Area or None
            None before the map is on screen, or where view and cube do not meet.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> area_map = eow.AreaMap(tiny_cube())
        >>> area_map.view_area() is None
        True
        """
        if not self.bounds:
            return None
        (south, west), (north, east) = self.bounds
        south, north = max(south, -90), min(north, 90)
        if self.cube is not None:
            cw, cs, ce, cn = bounds(self.cube)
            west, east = (west, east) if east - west < 360 else (cw, ce)
            turn = towards((west + east) / 2, (cw + ce) / 2) - (west + east) / 2  # the map shows the world repeatedly
            west, south, east, north = max(west + turn, cw), max(south, cs), min(east + turn, ce), min(north, cn)
        east = min(east, west + 360)
        return Area.of((west, south, east, north), name="view") if west < east and south < north else None

    @property
    def _middle(self) -> float:
        """Longitude around which shapes are drawn: that of the cube, else of the map."""
        if self.cube is None:
            return float(self.center[1])
        west, _, east, _ = bounds(self.cube)
        return (west + east) / 2

    def placed(self, geometry: AreaLike) -> dict[str, Any]:
        """Move a GeoJSON geometry to the copy of the world in which the cube is drawn, across 180 where it lies there.

        Parameters
        ----------
        geometry : Area or what ``eow.Area.of`` takes
            The geometry in degrees.

        Returns
        -------
        dict
            GeoJSON whose longitudes may pass 180.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> area_map = eow.AreaMap(tiny_cube())
        >>> area_map.placed((27.0, 45.1, 27.1, 45.2))["type"]
        'Polygon'
        """
        return placed(Area.of(geometry).geojson, self._middle)

    def _show_area(self, change: Any) -> None:
        self.say("")
        geometry = change["new"]
        shown = [f["geometry"] for f in self.draw.data]
        if geometry is not None:
            geometry = self.placed(geometry)
        if geometry is None:
            self.draw.data = []
        elif not (len(shown) == 1 and same_shape(shown[0], geometry)):
            kind = "rectangle" if is_rectangle(geometry) else "polygon"
            properties = {"type": kind, "style": DRAWN}
            self.draw.data = [{"type": "Feature", "properties": properties, "geometry": geometry}]
        self._clear.disabled = geometry is None

    def _drawn(self, change: Any) -> None:
        # One area at a time: the one drawn last is used.
        shapes = change["new"]
        last = shapes[-1]["geometry"] if shapes else None
        known = [] if self.area is None else [self.area, self.placed(self.area)]
        if last is not None and len(shapes) == 1 and any(same_shape(last, shape) for shape in known):
            return
        try:
            self.area = last
            # Every vertex of a polygon was a click as well: remove the pins of these clicks.
            ends = corners(self.area)
            self.pins = [p for p in self.pins if not any(self._near(p["lon"], p["lat"], x, y) for x, y in ends)]
        except EowidgetsError as error:
            self.say(str(error))
            self.draw.data = []

    def load_area(self, content: bytes, name: str) -> None:
        """Take the area from the content of a file, and move the map to it.

        Parameters
        ----------
        content : bytes
        name : str
            Name of the file; its ending is the format: GeoJSON, KML, KMZ, GeoPackage, FlatGeobuf or a zipped shapefile.

        Raises
        ------
        InputError, SourceError, MissingExtraError
            If it is too large, has no area in it, or cannot be read.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> area_map = eow.AreaMap(tiny_cube())
        >>> triangle = '{"type": "Polygon", "coordinates": [[[27, 45], [27.1, 45], [27, 45.1], [27, 45]]]}'
        >>> area_map.load_area(triangle.encode(), "field.geojson")
        >>> area_map.area["type"]
        'Polygon'
        """
        if len(content) > _LARGEST_UPLOAD:
            raise InputError(f"{shown(name)} has {len(content) / 1e6:.0f} MB: simplify it to less than 8 MB.")
        self.area = Area.upload(content, name)
        self.look_at(self.area)

    # --- pins -------------------------------------------------------------------------------------------------

    @traitlets.validate("pins")
    def _check_pins(self, proposal: dict[str, Any]) -> list[dict[str, Any]]:
        pins: list[dict[str, Any]] = []
        for pin in proposal["value"]:
            try:
                lon, lat = float(pin["lon"]), float(pin["lat"])
            except (KeyError, TypeError, ValueError):
                raise InputError('A pin is a mapping like {"lon": 24.01, "lat": 45.85}.') from None
            color = pin.get("color") or free_color(p["color"] for p in pins)
            pins.append({**pin, "lon": lon, "lat": lat, "color": color})
        return pins

    def _show_pins(self, change: Any) -> None:
        self._pins.layers = tuple(
            ipyleaflet.CircleMarker(
                location=(p["lat"], towards(p["lon"], self._middle)),
                radius=6,
                color="#ffffff",
                weight=2,
                fill_color=p["color"],
                fill_opacity=1.0,
            )
            for p in change["new"]
        )

    def _clicked(self, **event: Any) -> None:
        if event.get("type") != "click" or (self.frames is not None and self.frames.drawing):
            return
        lat, lon = event["coordinates"]
        kept = [p for p in self.pins if not self._near(lon, lat, p["lon"], p["lat"])]
        if len(kept) < len(self.pins):
            self.pins = kept  # a click on a pin removes it
            return
        if any(self._near(lon, lat, x, y) for x, y in corners(self.area)):
            return  # the click that finished a drawing
        if self.cube is not None:
            west, south, east, north = bounds(self.cube)
            if not ((lon - west) % 360 <= east - west and south <= lat <= north):
                self.say("The cube has no data here: click inside the dashed outline.")
                return
        self.say("")
        self.pins = [*self.pins, {"lon": lon if -180 <= lon <= 180 else wrap(lon), "lat": lat}]

    def _near(self, lon: float, lat: float, lon2: float, lat2: float) -> bool:
        pixel = 360 / (256 * 2**self.zoom)  # degrees of longitude
        down = (mercator(lat) - mercator(lat2)) * 180 / np.pi
        return bool(np.hypot(towards(lon, lon2) - lon2, down) < _NEAR * pixel)

    def show_basemap(self, name: str) -> None:
        """Put another map below everything else.

        Parameters
        ----------
        name : {"coastlines", "streets", "light", "dark", "imagery", "terrain"}
            All but the first come from a server of tiles.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> area_map = eow.AreaMap(tiny_cube())
        >>> area_map.show_basemap("coastlines")
        """
        ground = self._under if name == base.COASTLINES else (base.tiles(name),)
        rest = [x for x in self.layers if x not in self._under and not getattr(x, "base", False)]
        self.layers = (*ground, *rest)
        self.basemap_choice.value = name

    def _add_tiles(self) -> None:
        self.basemap_choice.options = (base.COASTLINES, *base.BASEMAPS)
        self.show_basemap(self._basemap_name)

    def __repr__(self) -> str:
        """Return the content of the map in one line that does not change from run to run."""
        what = "no cube" if self.cube is None else repr(str(self.cube.attrs.get("title", "cube")))
        size = "no area" if self.area_value is None else f"area of {self.area_value.hectares:.1f} ha"
        return f"AreaMap({what}, {size}, {len(self.pins)} pin{'' if len(self.pins) == 1 else 's'})"
