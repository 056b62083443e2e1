"""Show cubes and results, and run models from a notebook: viewer, map, charts and panels, linked by traits."""
