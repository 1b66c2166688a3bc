"""A registry in which it matters who asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from access_hosts import Guarded, guarded


@pytest.fixture
def registry() -> Iterator[Guarded]:
    """One of its own, in memory."""
    with guarded() as made:
        yield made
