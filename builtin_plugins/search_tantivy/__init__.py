"""Search by tantivy: a service ``search`` for registries of any size; it needs the extra ``fast``."""
