"""Clusters without labels; importing it registers its models."""
