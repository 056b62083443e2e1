"""Writers of results: memory, Zarr, GeoTIFF (COG) or NetCDF."""
