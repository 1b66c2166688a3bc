"""``hyperhost graph``: one module for each command."""
