"""``hyperhost plugin``: one file per command, imported when that command is used."""
