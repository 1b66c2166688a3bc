"""What a decision on access costs, and what the wrapper adds to an operation of the owner of the home.

Decisions are asked for through the hook, as the wrapper does. One that was asked before in the same second is
kept; one that was not is made from roles, what was assigned, and the access lists along the namespace, which
lie in SQLite. The bounds are on the time itself, so a busy machine fails them.
"""

from __future__ import annotations

import dataclasses
import tempfile
import time
from itertools import count
from pathlib import Path

from common import Row, Timing, interleave, main

from builtin_plugins.access.plugin import Access
from builtin_plugins.audit.plugin import Audit
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations as OperationsPlugin
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost import Host, Operations, authenticate
from hyperhost.contracts import AccessRequest, Credential, CredentialKind, Principal, Resource, Visibility

ROUNDS = 7
KEPT = 5_000
MADE = 300
CREATES = 60
_RESOURCE = Resource(
    "artifact", "id", "org.acme.team", Visibility.PUBLIC, "?", "published", "org.acme.team/auth@1.0.0"
)


def measure() -> list[Row]:
    """The rows of this benchmark."""
    with tempfile.TemporaryDirectory(prefix="hyperhost-benchmark-") as place:
        directory = Path(place)
        with _host(directory / "with", access=True) as host, _host(directory / "without") as plain:
            decided = _decisions(host)
            created = _creates(host, plain)
    rows = [
        Row(
            what,
            decided.best(name) * 1e6,
            None,
            "µs",
            decided.best(name) * 1e6,
            bound,
            "under",
            decided.median(name) * 1e6,
            note,
        )
        for what, name, bound, note in (
            ("decision, kept", "kept", 20, "asked before in the same second"),
            ("decision, made", "made", 200, "role, assignments, access lists along the path; SQLite"),
            ("refusal, made", "refused", 200, "with the words on who can grant it"),
            ("decision on a token, kept", "token kept", 20, "the token was shown before"),
            ("decision on a token, made", "token made", 200, "its issuer's decision, then its Datalog"),
        )
    ]
    with_it, without = created.best("with"), created.best("without")
    ratio = created.median("with") / created.median("without")
    note = "the owner of the home; SQLite, audit and events included"
    rows.append(
        Row(
            "create with access",
            with_it * 1e6,
            without * 1e6,
            "µs",
            with_it / without,
            1.1,
            "at most",
            ratio,
            note,
        )
    )
    return rows


def _host(home: Path, *, access: bool = False) -> Host:
    host = Host("benchmark", home=home)
    home.mkdir(parents=True, exist_ok=True)
    host.register(StorageSql(str(home / "ours.db")), "storage-sql")
    plugins = [
        (ContentMemory(), "content-memory"),
        (Registry(), "registry"),
        (OperationsPlugin(), "operations"),
        (Audit(), "audit"),
        *([(Access(), "access")] if access else []),
    ]
    for plugin, name in plugins:
        host.register(plugin, name)
    return host


def _decisions(host: Host) -> Timing:
    owner = Operations(host)
    acl = [{"principal": "role:contributor", "allow": ["artifact:create"]}]
    owner.run("namespace_create", path="org.acme", edit={"acl": acl})
    owner.run("namespace_create", path="org.acme.team")
    owner.run(
        "create", draft={"namespace": "org.acme.team", "name": "auth", "type": "library", "version": "1.0.0"}
    )
    token = owner.run("token_create", limits={"allow": ["artifact:*"], "namespaces": ["org.acme"]})["token"]
    bearer = authenticate(host, Credential(CredentialKind.CAPABILITY, token))
    decide, fresh = host.hook.access_decide, count()

    def asked(principal: Principal, permission: str = "artifact:read") -> AccessRequest:
        return AccessRequest(principal, "read", permission, _RESOURCE, time.time_ns() // 1000)

    def same(principal: Principal, times: int) -> float:
        request = asked(principal)
        decide(request=request)
        started = time.perf_counter()
        for _ in range(times):
            decide(request=request)
        return time.perf_counter() - started

    def new(permission: str, times: int) -> float:
        requests = [
            asked(Principal(f"user:{next(fresh)}", roles=["publisher"]), permission) for _ in range(times)
        ]
        started = time.perf_counter()
        for request in requests:
            decide(request=request)
        return time.perf_counter() - started

    def new_token(times: int) -> float:
        requests = [
            dataclasses.replace(asked(bearer), resource=dataclasses.replace(_RESOURCE, id=str(next(fresh))))
            for _ in range(times)
        ]
        started = time.perf_counter()
        for request in requests:
            assert decide(request=request).allowed
        return time.perf_counter() - started

    return interleave(
        {
            "kept": lambda times: same(Principal("user:bob", roles=["publisher"]), times),
            "made": lambda times: new("artifact:read", times),
            "refused": lambda times: new("artifact:delete", times),
            "token kept": lambda times: same(bearer, times),
            "token made": new_token,
        },
        rounds=ROUNDS,
        calls={"kept": KEPT, "made": MADE, "refused": MADE, "token kept": KEPT, "token made": MADE},
    )


def _creates(host: Host, plain: Host) -> Timing:
    fresh = count()

    def some(operations: Operations, times: int) -> float:
        drafts = [
            {"namespace": "org.acme", "name": f"made-{next(fresh)}", "type": "library", "version": "1.0.0"}
            for _ in range(times)
        ]
        started = time.perf_counter()
        for draft in drafts:
            operations.run("create", draft=draft)
        return time.perf_counter() - started

    with_it, without = Operations(host), Operations(plain)
    return interleave(
        {"with": lambda times: some(with_it, times), "without": lambda times: some(without, times)},
        rounds=ROUNDS,
        calls=CREATES,
    )


if __name__ == "__main__":
    main(measure)
