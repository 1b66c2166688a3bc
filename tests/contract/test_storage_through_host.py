"""The contract of the service ``storage``, called through a host: provided natively and by a component."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from storage_suite import COMPONENT_ARTIFACT, StorageReadSuite, StorageSuite, create, refusal
from storage_unit_suite import StorageUnitSuite

import hyperhost
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.contracts import Artifact, PutMode
from hyperhost.errors import ProviderConflictError, ProviderMissingError
from hyperhost.hookspecs import SERVICES

WAT = Path(__file__).parent / "storage_component.wat"
NATIVE, COMPONENT = "storage-memory", "storage-component"


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    with hyperhost.Host("registry") as host:
        yield host


@pytest.fixture
def both(host: hyperhost.Host) -> hyperhost.Host:
    """A host in which the native provider holds another version of the component's artifact."""
    host.register(StorageMemory(), NATIVE)
    create(host.hook, dataclasses.replace(COMPONENT_ARTIFACT, version="9.9.9"))
    host.load(WAT)
    return host


def version(host: hyperhost.Host) -> str:
    """Which provider answers shows in the version it knows."""
    found: Artifact = host.hook.storage_get_artifact(artifact_id=COMPONENT_ARTIFACT.id)
    return found.version


class TestNativeProvider(StorageSuite, StorageUnitSuite):
    @pytest.fixture
    def storage(self, host: hyperhost.Host) -> Any:
        host.register(StorageMemory())
        return host.hook


class TestNativeProviderBesideAComponent(StorageSuite):
    @pytest.fixture
    def storage(self, host: hyperhost.Host) -> Any:
        host.register(StorageMemory(), NATIVE)
        host.load(WAT)
        host.select("storage", NATIVE)
        return host.hook


@pytest.mark.parametrize("instances", ["per-call", "pooled", "persistent"])
class TestComponentProvider(StorageReadSuite):
    @pytest.fixture
    def storage(self, host: hyperhost.Host, instances: Any) -> Any:
        host.load(WAT, instances=instances)
        return host.hook

    @pytest.fixture
    def known(self) -> Artifact:
        return COMPONENT_ARTIFACT


def test_a_loaded_component_is_a_candidate_like_any_other(host: hyperhost.Host) -> None:
    component = host.load(WAT)
    assert host.providers == {"storage": COMPONENT}
    assert set(component.hooks) == {"storage_get_artifact", "storage_usage"} <= set(SERVICES["storage"])
    assert component.granted == ()


def test_two_candidates_are_an_error_that_names_both_until_one_is_selected(both: hyperhost.Host) -> None:
    with pytest.raises(ProviderConflictError, match=f"'{NATIVE}' and '{COMPONENT}' both provide") as caught:
        version(both)
    assert "[providers] storage = " in caught.value.hint
    with pytest.raises(ProviderConflictError):
        both.check_pending()
    both.select("storage", NATIVE)
    both.check_pending()
    assert version(both) == "9.9.9"


def test_selecting_another_provider_binds_the_next_call(both: hyperhost.Host) -> None:
    seen = []
    for chosen in (NATIVE, COMPONENT, NATIVE):
        both.select("storage", chosen)
        seen.append((both.providers["storage"], version(both)))
    assert seen == [(NATIVE, "9.9.9"), (COMPONENT, "1.2.3"), (NATIVE, "9.9.9")]


def test_only_the_selected_provider_is_called(both: hyperhost.Host) -> None:
    both.select("storage", NATIVE)
    version(both)
    assert both.plugin(COMPONENT).stats == {}
    both.select("storage", COMPONENT)
    version(both)
    assert both.plugin(COMPONENT).stats["storage_get_artifact"].calls == 1


def test_no_other_provider_stands_in_for_a_hook_the_selected_one_lacks(both: hyperhost.Host) -> None:
    both.select("storage", COMPONENT)
    with pytest.raises(ProviderMissingError, match="without storage_put_artifact") as caught:
        both.hook.storage_put_artifact(artifact=COMPONENT_ARTIFACT, manifest_json="", mode=PutMode.REPLACE)
    assert (caught.value.plugin, caught.value.hook) == (COMPONENT, "storage_put_artifact")
    both.select("storage", NATIVE)
    assert version(both) == "9.9.9"


@pytest.mark.parametrize("leave", ["unload", "deactivate"])
def test_when_the_selected_provider_leaves_the_service_fails_closed(both: hyperhost.Host, leave: str) -> None:
    both.select("storage", COMPONENT)
    getattr(both.plugin(COMPONENT), leave)()
    with pytest.raises(ProviderMissingError, match="is selected for the service 'storage'") as caught:
        version(both)
    assert caught.value.plugin == COMPONENT
    both.select("storage", NATIVE)
    assert version(both) == "9.9.9"


def test_selecting_what_provides_nothing_is_refused_and_changes_nothing(both: hyperhost.Host) -> None:
    both.select("storage", NATIVE)
    with pytest.raises(ProviderMissingError, match="provides none of its hooks"):
        both.select("storage", "storage-elsewhere")
    assert both.providers == {"storage": NATIVE}
    assert version(both) == "9.9.9"


def test_a_plugin_may_ask_a_provider_that_is_not_selected(both: hyperhost.Host) -> None:
    both.select("storage", NATIVE)
    other = both.plugin(COMPONENT).call("storage_get_artifact", artifact_id=COMPONENT_ARTIFACT.id)
    assert other == COMPONENT_ARTIFACT


def test_the_selection_survives_a_reload_of_the_component(both: hyperhost.Host) -> None:
    both.select("storage", COMPONENT)
    both.plugin(COMPONENT).reload()
    assert version(both) == "1.2.3"


def test_a_refusal_of_the_provider_is_no_fault(host: hyperhost.Host) -> None:
    host.register(StorageMemory(), NATIVE)
    create(host.hook, COMPONENT_ARTIFACT)
    refused = refusal(
        host.hook,
        "storage_put_artifact",
        artifact=COMPONENT_ARTIFACT,
        manifest_json="",
        mode=PutMode.CREATE,
    )
    assert (refused.plugin, refused.rule) == (NATIVE, "storage.exists")
    assert host.faults == ()


@pytest.mark.parametrize("instances", ["pooled", "persistent"])
def test_an_optional_record_is_freed_once_when_an_instance_is_used_again(
    host: hyperhost.Host, instances: Any
) -> None:
    # What the result's memory held before was once freed a second time by the next call.
    host.load(WAT, instances=instances)
    for _ in range(200):
        assert host.hook.storage_get_artifact(artifact_id=COMPONENT_ARTIFACT.id) == COMPONENT_ARTIFACT
        assert host.hook.storage_get_artifact(artifact_id="unknown") is None
