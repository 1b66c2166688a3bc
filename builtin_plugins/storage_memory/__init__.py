"""Storage that lives in memory: for tests, for embedding, and to show that storage is replaceable."""
