"""``hyperhost user``: one file per command or two, imported when that command is used."""
