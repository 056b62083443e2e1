"""LandTrendr: annual series as a few straight segments (Kennedy, Yang and Cohen, 2010)."""
