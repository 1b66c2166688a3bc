"""A plugin that finds long lines."""
