"""Quotas: of artifacts and bytes in a pool, of calls and bandwidth in a month."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from registry_hosts import created, draft, everything, operations_on, published, storage_of, uploaded

import hyperhost
from builtin_plugins.registry.metering import CallLimits, month_of
from hyperhost.contracts import OperationCall
from hyperhost.errors import HyperHostError, QuotaExceededError, RefusalError
from hyperhost.host.operations import LOCAL_OWNER


def limit(run: hyperhost.Operations, path: str = "org.acme", **quotas: int) -> None:
    run.run("namespace_create", path=path, edit={"quotas": quotas})


def refused(run: hyperhost.Operations, quota: str, operation: str, **arguments: Any) -> QuotaExceededError:
    before = everything(run.host)
    with pytest.raises(QuotaExceededError) as caught:
        run.run(operation, **arguments)
    assert caught.value.field == quota
    assert caught.value.hint
    assert everything(run.host) == before
    return caught.value


def test_a_namespace_holds_so_many_artifacts_and_no_more(run: hyperhost.Operations) -> None:
    limit(run, artifacts=2)
    first = created(run)
    created(run, "auth", "2.0.0")
    error = refused(run, "artifacts", "create", draft=draft("b"))
    assert "org.acme holds 2 of at most 2 artifacts" in str(error)
    run.run("update", artifact=first["id"], edit={"labels": {"a": "b"}})
    run.run("delete", artifact=first["id"])
    created(run, "b")


def test_children_draw_on_the_pool_of_what_lies_above(run: hyperhost.Operations) -> None:
    limit(run, artifacts=3)
    limit(run, "org.acme.a", artifacts=2)
    for name in ("x", "y"):
        created(run, name, namespace="org.acme.a")
    refused(run, "artifacts", "create", draft=draft("z", namespace="org.acme.a"))
    created(run, "x", namespace="org.acme.b.c")
    error = refused(run, "artifacts", "create", draft=draft("z", namespace="org.acme.b"))
    assert "org.acme holds 3 of at most 3" in str(error)


def test_a_scope_has_a_limit_of_its_own(run: hyperhost.Operations) -> None:
    for number in range(100):
        created(run, f"a-{number}", namespace="user.alice@example.com")
    error = refused(run, "artifacts", "create", draft=draft("b", namespace="user.alice@example.com"))
    assert "holds 100 of at most 100" in str(error)
    created(run, "b", namespace="user.bob@example.com")


def test_a_namespace_holds_so_many_bytes_and_no_more(run: hyperhost.Operations) -> None:
    limit(run, storage_bytes=10)
    small, large = uploaded(run, b"12345"), uploaded(run, b"123456")
    artifact = created(run, content_hash=small)
    error = refused(run, "storage_bytes", "create", draft=draft("b", content_hash=large))
    assert "holds 5 of at most 10 bytes, and this takes 6 more" in str(error)
    created(run, "b", namespace="org.acme.team", content_hash=small)
    refused(run, "storage_bytes", "update", artifact=artifact["id"], edit={"content_hash": large})
    created(run, "without-content")


def test_a_limit_below_what_is_there_takes_nothing_away(run: hyperhost.Operations) -> None:
    artifact = created(run, content_hash=uploaded(run, b"12345"))
    limit(run, storage_bytes=1, artifacts=1)
    run.run("update", artifact=artifact["id"], edit={"content_hash": uploaded(run, b"1234")})
    refused(run, "artifacts", "create", draft=draft("b"))


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_writers_in_many_threads_do_not_pass_the_limit_together(kind: str, tmp_path: Path) -> None:
    with operations_on(storage_of(kind, tmp_path)) as run:
        limit(run, artifacts=5)

        def create(number: int) -> bool:
            try:
                created(run, f"a-{number}")
            except QuotaExceededError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(create, range(24))) == 5
        assert run.run("namespace_read", path="org.acme")["usage"]["artifacts"] == 5


def _create_in_process(folder: str, worker: int, ready: Any, results: Any) -> None:
    done = []
    with operations_on(storage_of("sqlite", Path(folder))) as run:
        run.run("list")
        ready.wait()
        for number in range(8):
            try:
                artifact = draft(f"w-{worker}-{number}", content_hash=uploaded(run, b"12345"))
                run.run("create", draft=artifact)
                done.append("created")
            except HyperHostError as error:
                done.append(f"{type(error).__name__}:{getattr(error, 'field', '')}")
    results.put(done)


def test_two_processes_do_not_pass_the_limit_of_bytes_together(tmp_path: Path) -> None:
    with operations_on(storage_of("sqlite", tmp_path)) as run:
        limit(run, storage_bytes=5 * 6)
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(2), context.Queue()
    workers = [
        context.Process(target=_create_in_process, args=(str(tmp_path), number, ready, results))
        for number in range(2)
    ]
    for worker in workers:
        worker.start()
    done = [word for _ in workers for word in results.get(timeout=60)]
    for worker in workers:
        worker.join(30)
    assert sorted(done) == ["QuotaExceededError:storage_bytes"] * 10 + ["created"] * 6
    with operations_on(storage_of("sqlite", tmp_path)) as run:
        assert run.run("namespace_read", path="org.acme")["usage"] == {"artifacts": 6, "content_bytes": 30}


def at(run: hyperhost.Operations, when: datetime, operation: str, arguments_json: str) -> None:
    """Run an operation at a time."""
    call = OperationCall(operation, LOCAL_OWNER, arguments_json, "", int(when.timestamp()) * 1_000_000)
    assert run.host.hook.operation_run(call=call) is not None


def test_bandwidth_is_counted_by_the_month_for_all_that_lie_above(run: hyperhost.Operations) -> None:
    limit(run, bandwidth_bytes_per_month=12)
    published(run, namespace="org.acme.team", content_hash=uploaded(run, b"hello"))
    reference = "org.acme.team/auth"
    assert run.run("content_read", artifact=reference)["data"] == "aGVsbG8="
    assert run.run("content_read", artifact=reference, offset=1, length=3)["data"] == "ZWxs"
    for path in ("org.acme", "org.acme.team"):
        assert run.run("namespace_read", path=path)["month"]["bandwidth_bytes"] == 8
    error = refused(run, "bandwidth_bytes_per_month", "content_read", artifact=reference)
    assert "org.acme has used 8 of at most 12 bytes handed out" in str(error)
    assert run.run("content_read", artifact=reference, length=4)["data"] == "aGVsbA=="
    assert run.run("content_read", artifact=reference, offset=5)["data"] == ""


def test_a_month_begins_at_nothing(run: hyperhost.Operations) -> None:
    limit(run, bandwidth_bytes_per_month=5)
    published(run, content_hash=uploaded(run, b"hello"))
    text = '{"artifact": "org.acme/auth"}'
    at(run, datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), "content_read", text)
    with pytest.raises(RefusalError, match="in 2026-01"):
        at(run, datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), "content_read", text)
    at(run, datetime(2026, 2, 1, tzinfo=UTC), "content_read", text)
    assert month_of(0) == "1970-01"


def test_calls_are_counted_where_they_are_limited(run: hyperhost.Operations) -> None:
    created(run)
    limit(run, api_calls_per_month=4)
    created(run, "b")
    run.run("read", artifact="org.acme/auth")
    run.run("list", query={"namespace": "org.acme.team"})
    run.run("version_list", name="org.acme/auth")
    assert run.run("namespace_read", path="org.acme")["month"]["api_calls"] == 4
    for operation, arguments in (
        ("read", {"artifact": "org.acme/auth"}),
        ("create", {"draft": draft("c")}),
        ("publish", {"artifact": "org.acme/auth"}),
    ):
        error = refused(run, "api_calls_per_month", operation, **arguments)
        assert "org.acme has used 4 of at most 4 calls" in str(error)
    run.run("list")
    created(run, namespace="org.other")
    run.run("namespace_update", path="org.acme", edit={"quotas": {}})
    run.run("read", artifact="org.acme/auth")
    assert run.run("namespace_read", path="org.acme")["month"]["api_calls"] == 4


def test_a_call_that_fails_is_not_counted(run: hyperhost.Operations) -> None:
    limit(run, api_calls_per_month=1)
    for _ in range(3):
        with pytest.raises(HyperHostError):
            run.run("read", artifact="org.acme/auth")
    created(run)


def test_a_namespace_that_is_deleted_limits_nothing(run: hyperhost.Operations) -> None:
    limit(run, api_calls_per_month=0)
    refused(run, "api_calls_per_month", "create", draft=draft())
    run.run("namespace_delete", path="org.acme")
    created(run)


def test_another_process_notices_a_limit_within_a_second(tmp_path: Path) -> None:
    now = 0.0
    with (
        operations_on(storage_of("sqlite", tmp_path)) as here,
        operations_on(storage_of("sqlite", tmp_path)) as there,
    ):
        created(here)
        registry = here.host.plugin("registry").object
        registry._call_limits = CallLimits(lambda: now)
        here.run("read", artifact="org.acme/auth")
        limit(there, api_calls_per_month=0)
        here.run("read", artifact="org.acme/auth")
        now = 1.0
        refused(here, "api_calls_per_month", "read", artifact="org.acme/auth")
