"""The artifact graph: who needs what, what is alike, what belongs together."""
