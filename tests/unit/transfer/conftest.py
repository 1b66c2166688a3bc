"""Two registries to be brought to the same state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from registries import Reg, registry


@pytest.fixture(params=["memory", "sqlite"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Reg, Reg]]:
    kind = request.param
    with registry(tmp_path / "a", kind) as a, registry(tmp_path / "b", kind) as b:
        yield a, b
