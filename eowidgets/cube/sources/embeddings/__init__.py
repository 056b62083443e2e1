"""Embeddings that others have published, read as cubes of vectors: AlphaEarth and TESSERA."""
