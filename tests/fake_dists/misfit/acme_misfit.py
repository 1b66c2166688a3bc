"""A plugin whose implementation does not fit the hookspec."""

import hyperhost


class Misfit:
    """Wants an argument that the hook does not have."""

    @hyperhost.hookimpl
    def count(self, colour):
        """Never called."""
        return colour
