"""Models composed of features and a head, fitted to your own labels in seconds; see README.md in this folder."""
