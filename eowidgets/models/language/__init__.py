"""Models of language: small, trained here, and run without a network."""
