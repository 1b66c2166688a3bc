"""``hyperhost session``: imported when one of its commands is used."""
