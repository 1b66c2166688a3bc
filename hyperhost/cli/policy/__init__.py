"""Commands of ``hyperhost policy``, one module each."""
