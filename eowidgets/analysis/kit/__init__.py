"""A kit for a workshop or a field trip: a store, notebooks and weights in one file that works without a network."""
