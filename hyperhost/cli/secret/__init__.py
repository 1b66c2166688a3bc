"""Commands of ``hyperhost secret``, one module each. None of them prints one."""
