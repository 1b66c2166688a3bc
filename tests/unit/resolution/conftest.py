"""An empty registry that resolves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from resolution_hosts import resolving

import hyperhost


@pytest.fixture
def run() -> Iterator[hyperhost.Operations]:
    """The operations of a host whose registry is empty."""
    with resolving() as operations:
        yield operations
