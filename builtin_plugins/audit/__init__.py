"""Who did what, when, and how it ended: entries that are only appended, each sealing the one before it."""
