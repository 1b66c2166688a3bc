"""Search by a Meilisearch server: a service ``search`` for those who run one; never chosen by itself."""
