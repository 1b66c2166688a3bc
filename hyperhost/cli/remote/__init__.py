"""Commands of ``hyperhost remote``, one module for changing and one for showing."""
