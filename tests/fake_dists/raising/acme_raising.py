"""A plugin whose import fails: listing plugins must not notice."""

raise RuntimeError("imported")
