"""NetCDF and Zarr opened lazily; damage raises one sentence, while opening or at ``load()``."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.core import indexing

from eowidgets.cube.reading import reading


def open_checked(source: Any, name: str, engine: str, chunks: Any, **options: Any) -> xr.Dataset:
    """Open a NetCDF file or Zarr store lazily.

    Parameters
    ----------
    source : path or store
    name : str
        Name in messages.
    engine : {"netcdf4", "zarr"}
    chunks : mapping, optional
        Dask chunks; None for none.
    **options
        Of :func:`xarray.open_dataset`.

    Returns
    -------
    Dataset
        Whose variables raise :class:`~eowidgets.errors.SourceError` where they cannot be read.
    """
    options |= {"inner": engine, "name": name}
    opened: xr.Dataset = xr.open_dataset(source, engine=CheckedBackend, chunks=chunks, **options)
    return opened


class CheckedBackend(xr.backends.BackendEntrypoint):
    """Wrapper of a backend of xarray; its arrays raise one sentence when they cannot be read."""

    open_dataset_parameters = ("filename_or_obj", "drop_variables")

    def open_dataset(  # type: ignore[override]  # xarray calls it with the options of the caller
        self, filename_or_obj: Any, *, inner: str, name: str, **options: Any
    ) -> xr.Dataset:
        """Open with the backend ``inner``."""
        found = xr.open_dataset(filename_or_obj, engine=inner, cache=False, **options)
        lazy = {key: checked(v, name) for key, v in found.variables.items() if key not in found.xindexes}
        made = found.assign({k: v for k, v in lazy.items() if k in found.data_vars})
        made = made.assign_coords({k: v for k, v in lazy.items() if k in found.coords})
        made.set_close(found.close)
        return made


def checked(variable: xr.Variable, name: str) -> xr.Variable:
    """Return a lazy variable that raises one sentence where its file, called ``name``, cannot be read."""
    data = indexing.LazilyIndexedArray(_Checked(variable, name))
    return xr.Variable(variable.dims, data, variable.attrs, variable.encoding, fastpath=True)


class _Checked(xr.backends.BackendArray):
    def __init__(self, variable: xr.Variable, name: str) -> None:
        self._variable, self._name = variable, name
        self.shape, self.dtype = variable.shape, variable.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> NDArray[Any]:
        with reading("The pixels", self._name):
            return np.asarray(self._variable[key].values)
