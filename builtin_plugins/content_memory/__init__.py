"""Content that lives in memory: for tests, for embedding, and to show that its provider is replaceable."""
