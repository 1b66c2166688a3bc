"""The plugin in a real host; run with ``python -m pytest`` in this project."""

from __future__ import annotations

import pytest
from acme_long_lines.plugin import LongLines

import hyperhost
from hyperhost.demo.specs import Checks, Finding


@pytest.mark.parametrize(("length", "expected"), [(0, 0), (20, 0), (21, 1)])
def test_a_line_is_long_when_it_is_over_the_limit(length: int, expected: int) -> None:
    with hyperhost.Host("test", specs=[Checks]) as host:
        host.register(LongLines(limit=20))
        host.check_pending()
        [findings] = host.hook.check_text(path="a.py", text="x" * length)
    assert len(findings) == expected


def test_a_finding_says_where() -> None:
    assert LongLines(limit=3).check_text("one\nthree") == [Finding("style/long-line", 2, "low", "three…")]
