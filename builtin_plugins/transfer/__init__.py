"""Moves what a registry holds: export and import, sync with another registry, backup and restore."""
