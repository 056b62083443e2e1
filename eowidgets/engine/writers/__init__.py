"""Where results go: memory, Zarr, GeoTIFF (COG) or NetCDF."""
