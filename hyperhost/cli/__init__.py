"""The command ``hyperhost``: one file per command. Nothing else of HyperHost prints."""
