"""Statistical forecasters: persistence, climatology, harmonic waves, exponential smoothing, and their combination."""
