"""Recipes that made the shipped weights: one command each, seeded, resumable."""
