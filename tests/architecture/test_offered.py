"""What built-in plugins have written down of their operations is what their code says."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_offered_is_written_down() -> None:
    files = runpy.run_path(str(ROOT / "sdk" / "operations.py"))["files"]()
    assert len(files) >= 4
    stale = [path for path, text in files.items() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run: python sdk/operations.py"
