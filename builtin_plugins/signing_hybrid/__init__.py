"""Provider of the service ``signing``: Ed25519 and ML-DSA-65 at once, against quantum computers to come."""
