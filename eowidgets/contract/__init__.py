"""Define a model: its task, inputs, outputs, parameters and card, and the registry that lists it."""
