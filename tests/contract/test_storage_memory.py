"""The in-memory provider does what every storage provider must."""

from __future__ import annotations

from typing import Any

import pytest
from storage_managers import manager_with
from storage_suite import COMPONENT_ARTIFACT, StorageSuite
from storage_unit_suite import StorageUnitSuite

from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.contracts import PutMode
from hyperhost.hookspecs import SERVICES
from hyperhost.hookspecs.storage import StorageHooks


class TestStorageMemory(StorageSuite, StorageUnitSuite):
    @pytest.fixture
    def storage(self) -> Any:
        return manager_with(StorageMemory()).hook


def test_every_hook_of_the_service_is_answered() -> None:
    manager = manager_with(StorageMemory())
    answered = {name for name in SERVICES["storage"] if getattr(manager.hook, name).get_hookimpls()}
    assert answered == set(SERVICES["storage"])


def test_it_has_the_types_of_the_service() -> None:
    provider: StorageHooks = StorageMemory()
    assert provider.storage_get_artifact("none") is None


def test_two_instances_share_nothing() -> None:
    one, other = StorageMemory(), StorageMemory()
    one.storage_put_artifact(COMPONENT_ARTIFACT, "", PutMode.CREATE)
    assert other.storage_get_artifact(COMPONENT_ARTIFACT.id) is None
