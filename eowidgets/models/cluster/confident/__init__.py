"""Clusters by a network that is trained on confident pseudo-labels; importing it registers the model."""
