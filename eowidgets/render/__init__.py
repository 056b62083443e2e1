"""Convert cubes and results to pictures and to data for the browser."""
