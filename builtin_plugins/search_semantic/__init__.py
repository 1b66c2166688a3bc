"""Search by meaning: the service ``semantic``, over an HNSW index of vectors."""
