"""Outlines of agricultural fields."""
