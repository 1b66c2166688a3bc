"""The registry on both stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from registry_hosts import operations_on, storage_of

import hyperhost


@pytest.fixture(params=["memory", "sqlite"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[hyperhost.Operations]:
    """The operations of a registry of its own."""
    with operations_on(storage_of(request.param, tmp_path)) as operations:
        yield operations
