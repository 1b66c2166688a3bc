"""Search by SQLite's FTS5: a service ``search`` for registries that whoosh is too slow for."""
