"""Phenology: start, peak, end and size of every growing season from the irregular series of one index."""
