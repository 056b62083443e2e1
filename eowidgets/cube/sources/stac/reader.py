"""Read layers through odc-stac: each file with its scale, so that values and not stored numbers are merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import rasterio.errors
from odc.loader import RioDriver
from odc.loader.types import RasterBandMetadata, RasterGroupMetadata

from eowidgets.cube.sources.stac.access import Access
from eowidgets.cube.sources.stac.addresses import Origin, short
from eowidgets.cube.sources.stac.header import check_target, open_raster, reached, signed, unreadable
from eowidgets.cube.sources.stac.layers import Layer
from eowidgets.errors import SourceError


class LayerDriver(RioDriver):
    """odc-stac's rasterio driver, for items whose assets are `Layer` objects under their names in the cube.

    Parameters
    ----------
    layers : dict
        Id of the item -> name in the cube -> layer.
    bands : dict
        Name in the cube -> type and number for no data there.
    origins : dict
        Id of the item -> origin, for the check of redirects.
    timeout : float
        Seconds to wait for a server.
    access : Access
        How files are reached. Addresses are signed where pixels are read, which may be long after the cube was opened.
    """

    def __init__(
        self,
        layers: dict[str, dict[str, Layer]],
        bands: dict[str, tuple[str, float]],
        origins: dict[str, Origin],
        timeout: float,
        access: Access,
    ) -> None:
        super().__init__(md_parser=_Parser(layers, bands, origins))
        self._timeout = timeout
        self._access = access

    def __getstate__(self) -> dict[str, Any]:
        # Workers read single layers: they need no metadata of all the others.
        return self.__dict__ | {"_md_parser": None}

    def open(self, src: Any, ctx: Any) -> Any:
        """Return the reader of one layer."""
        layer, origin = src.driver_data["layer"], src.driver_data["origin"]
        plain = replace(src, band=layer.index, subdataset=None, driver_data=None, meta=None)

        def reader(address: str) -> Any:
            check_target(address, origin, self._timeout)
            return RioDriver.open(self, replace(plain, uri=address), ctx)

        return _LayerReader(reader, layer, src.uri, self._access)


class _Parser:
    """Metadata of the items, as odc-stac asks for them."""

    def __init__(
        self, layers: dict[str, dict[str, Layer]], bands: dict[str, tuple[str, float]], origins: dict[str, Origin]
    ) -> None:
        self._layers = layers
        self._origins = origins
        self._bands = {(name, 1): RasterBandMetadata(dtype, fill) for name, (dtype, fill) in bands.items()}

    def extract(self, md: Any) -> Any:
        """Return the bands of the cube, the same for every item."""
        return RasterGroupMetadata(self._bands)

    def driver_data(self, md: Any, band_key: Any) -> Any:
        """Return the layer of an item, and a text that distinguishes it from other layers of the same file."""
        layer = self._layers[md.id].get(band_key[0])
        return {"layer": layer, "origin": self._origins[md.id], "subdataset": repr(layer)}


class _LayerReader:
    """Read a part of one layer on the pixels of the cube."""

    def __init__(self, reader: Callable[[str], Any], layer: Layer, uri: str, access: Access) -> None:
        self._reader = reader
        self._layer = layer
        self._uri = uri
        self._access = access

    def read(self, cfg: Any, dst_geobox: Any, *, dst: Any = None, selection: Any = None) -> Any:
        """Return the part of the cube that the file covers, and its values."""
        layer = self._layer
        stated = replace(cfg, src_nodata_fallback=layer.nodata)

        def read(address: str) -> Any:
            reader = self._reader(address)  # checks redirects of the address before GDAL follows them
            with reached(self._access, self._uri):
                _check_format(address)
                return reader.read(stated, dst_geobox, dst=None, selection=selection)

        try:
            where, values = signed(self._access, self._uri, read)
        except rasterio.errors.RasterioError as error:
            raise unreadable(layer.href, error) from None
        if not layer.kept:
            # The file may state another number for no data than its metadata do: both are no data.
            if layer.nodata is not None and np.isfinite(layer.nodata):
                values = np.where(values == np.float32(layer.nodata), np.float32(np.nan), values)
            values = values * np.float32(layer.scale) + np.float32(layer.offset)
        if dst is not None:
            dst[where] = values
            return where, dst[where]
        return where, values


@lru_cache(maxsize=4096)
def _check_format(uri: str) -> None:
    """Raise rasterio's error where a file is in a format that may name other files."""
    with open_raster(uri) as file:
        if file.crs is None:
            raise SourceError(f"The asset {short(uri)} has no CRS, so it cannot be put on a grid.")
