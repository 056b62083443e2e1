"""Models: adapters around torch modules, one folder per family, found through the registry."""
