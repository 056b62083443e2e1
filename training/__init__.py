"""Recipes that trained the shipped weights: one command each, seeded, resumable."""
