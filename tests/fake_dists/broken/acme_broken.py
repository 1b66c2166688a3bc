"""Entry points that lead to nothing usable."""


class NeedsArguments:
    """Cannot be made without an argument."""

    def __init__(self, needed):
        self.needed = needed
