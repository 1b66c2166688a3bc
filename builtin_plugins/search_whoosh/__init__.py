"""Search by whoosh: a service ``search`` that needs nothing but Python."""
