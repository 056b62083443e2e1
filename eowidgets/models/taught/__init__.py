"""Models of features and a head, fitted to a user's labels in seconds; README.md beside this file describes them."""
