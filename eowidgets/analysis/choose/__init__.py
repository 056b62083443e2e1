"""Test methods on the user's own cube and select the best, with a table of their errors."""
