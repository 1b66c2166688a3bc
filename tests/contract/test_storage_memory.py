"""The in-memory provider does what every storage provider must."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from storage_managers import manager_with
from storage_suite import COMPONENT_ARTIFACT, StorageSuite
from storage_unit_suite import StorageUnitSuite

from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.contracts import PageRequest, PutMode
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import SERVICES
from hyperhost.hookspecs.storage import StorageHooks


class TestStorageMemory(StorageSuite, StorageUnitSuite):
    @pytest.fixture
    def storage(self) -> Any:
        return manager_with(StorageMemory()).hook


@pytest.mark.parametrize("waits", [False, True])
def test_a_thread_that_ends_within_its_unit_does_not_block_the_others(waits: bool) -> None:
    """Whether the next writer comes when it has ended, or waits for it while it ends."""
    storage = StorageMemory(busy_timeout_ms=60_000)
    begun, end = threading.Event(), threading.Event()

    def dies() -> None:
        storage.storage_begin(write=True)
        storage.storage_put_record("users", "lost", "1", None)
        begun.set()
        end.wait()

    thread = threading.Thread(target=dies)
    thread.start()
    begun.wait()
    if waits:
        threading.Timer(0.1, end.set).start()
    else:
        end.set()
        thread.join()
    assert storage.storage_begin(write=True)
    storage.storage_put_record("users", "kept", "2", None)
    assert storage.storage_end(commit=True)
    thread.join()
    found = storage.storage_list_records("users", "", PageRequest(10)).items
    assert [record.key for record in found] == ["kept"]


def test_a_thread_that_lives_keeps_its_unit() -> None:
    storage = StorageMemory(busy_timeout_ms=200)
    storage.storage_begin(write=True)
    refused: list[RefusalError] = []

    def write() -> None:
        try:
            storage.storage_begin(write=True)
        except RefusalError as error:
            refused.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert [error.rule for error in refused] == ["storage.busy"]
    assert storage.storage_end(commit=True)


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
