"""Policies: rules in TOML that are asked before anything happens."""
