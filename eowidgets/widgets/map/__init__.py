"""Show a cube and results on a map, draw areas and pins, and list the layers."""
