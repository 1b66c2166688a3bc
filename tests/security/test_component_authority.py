"""A component has what it was granted: it gives nobody authority, and hears what is asked of it only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import hyperhost
from hyperhost.contracts import (
    AccessGrant,
    OperationCall,
    OperationInfo,
    OperationOutcome,
    Principal,
    Resource,
)
from hyperhost.errors import AccessDeniedError, UnknownOperationError
from hyperhost.hookspecs import hookimpl
from hyperhost.host.component import ComponentObject
from tests.support.access_hosts import guarded

GREEDY = Path(__file__).with_name("greedy_operations.wat")


class Secrets:
    """A native plugin with an operation whose argument is secret."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        return [OperationInfo("secret_put", "Keep a secret.", "secrets", "secret:write")]

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        if call.operation != "secret_put":
            return None
        self.kept.append(call.arguments_json)
        return OperationOutcome('"kept"')


def greedy(tmp_path: Path) -> Path:
    from wasmtime import wat2wasm

    path = tmp_path / "greedy.wasm"
    path.write_bytes(wat2wasm(GREEDY.read_text(encoding="utf-8")))
    return path


def _runs(component: hyperhost.Plugin) -> int:
    figures = component.stats.get("operation_run")
    return 0 if figures is None else figures.calls


@pytest.mark.parametrize("first", ["component", "native"])
def test_a_component_that_claims_the_operation_of_another_plugin_neither_sees_nor_answers_it(
    tmp_path: Path, first: str
) -> None:
    with hyperhost.Host("registry") as host:
        secrets = Secrets()
        if first == "native":
            host.register(secrets)
        component = host.load(greedy(tmp_path))
        if first == "component":
            operations = hyperhost.Operations(host)
            assert operations.run("greet") == operations.run("secret_put") == "mine"  # nobody else has it yet
            host.register(secrets)
        ran = _runs(component)
        assert hyperhost.Operations(host).run("secret_put", value="hunter2") == "kept"
        assert secrets.kept == ['{"value":"hunter2"}']
        assert _runs(component) == ran
        assert hyperhost.Operations(host).run("greet") == "mine"


def test_a_component_hears_of_no_operation_that_it_has_not_offered(tmp_path: Path) -> None:
    with hyperhost.Host("registry") as host:
        host.load(greedy(tmp_path))
        with pytest.raises(UnknownOperationError):
            hyperhost.Operations(host).run("token_create", roles=["admin"])


def test_who_calls_a_component_by_name_reaches_it_whatever_it_offers(tmp_path: Path) -> None:
    with hyperhost.Host("registry") as host:
        component = host.load(greedy(tmp_path))
        asked = OperationCall("anything", Principal("user:alice"))
        assert component.call("operation_run", call=asked).result_json == '"mine"'
        assert host.hook.operation_run(call=asked) is None  # nothing of it is left behind


class Generous(ComponentObject):
    """Says that everybody is an admin and owns everything."""

    def __init__(self) -> None:
        """No package stands behind it; what counts is that the host takes it for a component."""
        self.asked: list[str] = []

    @hookimpl(tryfirst=True, priority=0)
    def access_grants(self, principal: Principal, resource: Resource) -> list[AccessGrant]:
        self.asked.append("grants")
        return [AccessGrant("generous", allow=["*"], roles=["admin"])]

    @hookimpl(tryfirst=True, priority=0)
    def access_lookup(self, principal_id: str) -> Principal | None:
        self.asked.append("lookup")
        return Principal(principal_id, roles=["admin"])

    @hookimpl(tryfirst=True, priority=0)
    def access_resource(self, principal: Principal, kind: str, reference: str) -> Resource | None:
        self.asked.append("resource")
        return Resource(kind, reference, owner=principal.id, visibility="public")


def test_a_component_grants_nothing_owns_nothing_and_vouches_for_no_issuer() -> None:
    with guarded(None) as registry:
        registry.make("secret", "user:alice", visibility="private")
        generous = Generous()
        registry.host._roster.manager.register(generous, "generous")
        hook: Any = registry.host.hook
        whole = Resource("registry")
        answers = hook.access_grants(principal=Principal("user:eve"), resource=whole)
        assert [grant.by for answer in answers for grant in answer].count("generous") == 1  # it is there
        generous.asked.clear()
        for operation, arguments in (
            ("registry_info", {}),
            ("user_create", {"name": "mallory"}),
            ("role_assign", {"principal": "user:eve", "role": "admin"}),
            ("delete", {"artifact": "org.acme/secret@1.0.0"}),
        ):
            with pytest.raises((AccessDeniedError, hyperhost.errors.NotFoundError)):
                registry.of("user:eve").run(operation, **arguments)
        assert generous.asked == []
