"""Language models: small, trained for this package, and run in NumPy without internet access."""
