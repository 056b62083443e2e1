"""A local store of a cube: read block by block, with checksums, so that it works without a network."""
