"""An installed native plugin: a class, and the module itself."""

import hyperhost


class SecretScan:
    """Answers with 10."""

    @hyperhost.hookimpl
    def count(self):
        """Answer the hook of the tests."""
        return 10


@hyperhost.hookimpl
def count():
    """Answer for the module."""
    return 20
