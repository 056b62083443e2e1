"""Find where, when and how the surface changed, in a series or between two images."""
