"""``hyperhost tuf``: one file per command or two, imported when that command is used.

``init``, ``refresh`` and ``download`` are a client, with the command line that
theupdateframework/tuf-conformance asks for; the others keep the repository of this home's registry.
"""
