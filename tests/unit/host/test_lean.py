"""Copies of libraries that do not see others."""

from __future__ import annotations

import subprocess
import sys
import threading

import peewee
import pytest

import hyperhost


@pytest.fixture
def library(tmp_path, monkeypatch):
    (tmp_path / "acme_driver.py").write_text("")
    (tmp_path / "acme_orm.py").write_text(
        "try:\n    import acme_driver\nexcept ImportError:\n    acme_driver = None\n"
        "def late():\n    import acme_driver\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "acme_orm"
    for name in [name for name in sys.modules if name.startswith(("acme_orm", "acme_driver"))]:
        del sys.modules[name]


def test_a_copy_does_not_see_what_is_absent(library: str) -> None:
    copy = hyperhost.import_without(library, "acme_driver")
    assert copy.acme_driver is None
    assert "acme_driver" not in sys.modules
    with pytest.raises(ModuleNotFoundError, match="No module named 'acme_driver'"):
        copy.late()


def test_the_module_itself_is_not_changed(library: str) -> None:
    copy = hyperhost.import_without(library, "acme_driver")
    whole = __import__(library)
    assert whole is not copy
    assert whole.acme_driver is not None
    assert hyperhost.import_without(library, "acme_driver") is copy


def test_threads_get_one_copy(library: str) -> None:
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(hyperhost.import_without(library, "acme_driver")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(each) for each in found}) == 1
    assert len(found) == 8


def test_what_is_not_there_cannot_be_copied() -> None:
    with pytest.raises(ImportError):
        hyperhost.import_without("acme_nowhere", "acme_driver")


def test_a_copy_that_fails_is_tried_again(library: str, tmp_path) -> None:
    (tmp_path / "acme_orm.py").write_text("import acme_driver\n")
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="acme_driver"):
            hyperhost.import_without(library, "acme_driver")


def test_peewee_without_drivers_leaves_peewee_with_them() -> None:
    program = (
        "import sys, hyperhost; lean = hyperhost.import_without('peewee', 'psycopg', 'psycopg2'); "
        "before = 'psycopg' in sys.modules; import peewee; "
        "print(before, lean.psycopg is None, peewee.psycopg is None)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", str(peewee.psycopg is None)]
