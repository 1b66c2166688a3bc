"""One module for each language that plugins are written in; each has a ``TOOLCHAIN``."""
