"""Test methods on the user's own cube and select the one that wins, with the table that shows by how much."""
