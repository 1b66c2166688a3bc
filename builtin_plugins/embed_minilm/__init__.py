"""Embeddings by all-MiniLM-L6-v2, offline: the service ``embed``."""
