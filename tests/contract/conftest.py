"""Makes the suites beside this file importable by the tests that run them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("storage_suite", "storage_unit_suite", "content_suite", "search_suite")
