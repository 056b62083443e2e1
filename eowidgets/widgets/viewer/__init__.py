"""Show a cube as pictures over time, with layers, comparison and pixel values."""
