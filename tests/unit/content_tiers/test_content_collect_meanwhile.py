"""While a collection looks at what there is, others write: none of them waits for it, none loses anything."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from content_hosts import content_host
from content_suite import download, listed, some_bytes, upload

import hyperhost
from builtin_plugins.registry.plugin import Registry

PUBLISHER = """
    import sys
    from pathlib import Path
    from content_hosts import content_host
    import hyperhost
    from builtin_plugins.registry.plugin import Registry
    with content_host(Path(sys.argv[1]), Registry()) as host:
        draft = {"namespace": "org.acme", "name": "auth", "type": "library", "version": "1.0.0"}
        run = hyperhost.Operations(host).run
        run("create", draft={**draft, "content_hash": sys.argv[2]})
        run("publish", artifact="org.acme/auth@1.0.0")
"""
SIZES = [5, 50_000]


class Meanwhile:
    """Does something each time that the collecting thread has looked at all artifacts.

    Attributes:
        at: What is done, by how many times it has looked before.
    """

    def __init__(self) -> None:
        self.at: dict[int, Callable[[], None]] = {}
        self.thread = threading.get_ident()
        self.looked = 0

    @hyperhost.hookimpl(wrapper=True)
    def storage_list_artifacts(self, query: Any, page: Any) -> Any:
        found = yield
        if threading.get_ident() == self.thread and self.at:
            work = self.at.pop(self.looked, None)
            self.looked += 1
            if work is not None:
                work()
        return found


@pytest.fixture
def meanwhile() -> Meanwhile:
    return Meanwhile()


@pytest.fixture
def host(tmp_path: Path, meanwhile: Meanwhile) -> Iterator[hyperhost.Host]:
    with content_host(tmp_path, Registry(), meanwhile) as host:
        yield host


def collect(host: hyperhost.Host) -> dict[str, int]:
    found: dict[str, int] = hyperhost.Operations(host).run("content_collect", grace_s=0)
    return found


def create(host: hyperhost.Host, name: str, content_hash: str) -> None:
    draft = {"namespace": "org.acme", "name": name, "type": "library", "version": "1.0.0"}
    hyperhost.Operations(host).run("create", draft={**draft, "content_hash": content_hash})


def in_a_thread(work: Callable[[], Any]) -> None:
    """Run it in another thread, which ends before this goes on: it must not wait for the collection."""
    wrong: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert wrong == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", [0, 1])
def test_what_another_thread_publishes_while_it_looks_stays(
    host: hyperhost.Host, meanwhile: Meanwhile, look: int, size: int
) -> None:
    """Looking before the marks are there, and behind that."""
    data = some_bytes(size)
    name, orphan = upload(host.hook, data).hash, upload(host.hook, some_bytes(7)).hash
    meanwhile.at = {look: lambda: in_a_thread(lambda: create(host, "auth", name)), 9: int}
    assert collect(host) == {"removed": 1, "removed_bytes": 7, "kept": 1}
    assert meanwhile.looked == 2
    assert download(host.hook, name) == data
    assert orphan not in listed(host.hook)


@pytest.mark.parametrize("look", [0, 1])
def test_what_another_process_publishes_while_it_looks_stays(
    tmp_path: Path, host: hyperhost.Host, meanwhile: Meanwhile, look: int
) -> None:
    data = some_bytes(50_000)
    name = upload(host.hook, data).hash

    def publish() -> None:
        support = Path(__file__).parents[2] / "support"
        command = [sys.executable, "-c", textwrap.dedent(PUBLISHER), str(tmp_path), name]
        done = subprocess.run(
            command, env={"PYTHONPATH": str(support)}, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")

    meanwhile.at = {look: publish, 9: int}
    assert collect(host) == {"removed": 0, "removed_bytes": 0, "kept": 1}
    assert download(host.hook, name) == data
    assert hyperhost.Operations(host).run("test", artifact="org.acme/auth")["passed"]


@pytest.mark.parametrize("look", [0, 1])
def test_what_is_uploaded_again_while_it_looks_stays_within_the_grace(
    host: hyperhost.Host, meanwhile: Meanwhile, look: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - 3 * 86_400 * 10**9)
    name = upload(host.hook, some_bytes(5)).hash
    monkeypatch.undo()
    meanwhile.at = {look: lambda: in_a_thread(lambda: upload(host.hook, some_bytes(5))), 9: int}
    found = hyperhost.Operations(host).run("content_collect")
    assert found == {"removed": 0, "removed_bytes": 0, "kept": 1}
    assert listed(host.hook) == [name]


def test_what_was_only_looked_up_meanwhile_goes(host: hyperhost.Host, meanwhile: Meanwhile) -> None:
    """Outside of a unit that writes, and in one that is undone: neither refers to it."""
    name = upload(host.hook, some_bytes(5)).hash

    def look() -> None:
        assert host.hook.content_stat(content_hash=name) is not None
        for write in (False, True):
            host.hook.storage_begin(write=write)
            assert host.hook.content_stat(content_hash=name) is not None
            host.hook.storage_end(commit=False)

    meanwhile.at = {1: lambda: in_a_thread(look), 9: int}
    assert collect(host) == {"removed": 1, "removed_bytes": 5, "kept": 0}


def test_a_collection_that_was_cut_off_leaves_no_trace_that_matters(
    host: hyperhost.Host, meanwhile: Meanwhile
) -> None:
    used, orphan = (upload(host.hook, some_bytes(size)).hash for size in (5, 6))

    def stop() -> None:
        raise KeyboardInterrupt

    meanwhile.at = {1: stop, 9: int}
    with pytest.raises(KeyboardInterrupt):
        collect(host)
    assert listed(host.hook) == sorted([used, orphan])
    create(host, "auth", used)
    meanwhile.at = {}
    assert collect(host) == {"removed": 1, "removed_bytes": 6, "kept": 1}
    assert download(host.hook, used) == some_bytes(5)


def test_two_collections_at_once_remove_each_content_once(host: hyperhost.Host, meanwhile: Meanwhile) -> None:
    for size in SIZES:
        upload(host.hook, some_bytes(size))
    others: list[dict[str, int]] = []
    meanwhile.at = {1: lambda: in_a_thread(lambda: others.append(collect(host))), 9: int}
    own = collect(host)
    assert (own["removed"], others[0]["removed"]) == (0, 2)
    assert listed(host.hook) == []
    assert [total.contents for total in host.hook.content_usage()] == [0, 0, 0]
