"""Find similar places: an index of the vectors of cubes, searched by example."""
