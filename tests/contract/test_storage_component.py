"""The storage component is a valid component whose types and answer are those of the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import wasmtime
import wasmtime.component
from storage_suite import COMPONENT_ARTIFACT

from hyperhost.hookspecs.storage import StorageHooks
from hyperhost.sandbox.compat import mismatch
from hyperhost.sandbox.guest_types import TypeReader, exported_functions, imports
from hyperhost.sandbox.types import function_from_python

WAT = Path(__file__).parent / "storage_component.wat"
ENGINE = wasmtime.Engine()


@pytest.fixture(scope="module")
def component() -> wasmtime.component.Component:
    return wasmtime.component.Component(ENGINE, wasmtime.wat2wasm(WAT.read_text(encoding="utf-8")))


def call(component: wasmtime.component.Component, hook: str, *arguments: Any) -> Any:
    store = wasmtime.Store(ENGINE)
    instance = wasmtime.component.Linker(ENGINE).instantiate(store, component)
    function = instance.get_func(store, hook)
    assert function is not None
    result = function(store, *arguments)
    function.post_return(store)
    return result


def test_it_asks_the_host_for_nothing(component: wasmtime.component.Component) -> None:
    assert imports(component, ENGINE) == ([], [])


@pytest.mark.parametrize("hook", ["storage_get_artifact", "storage_usage"])
def test_its_exports_have_the_types_of_the_hookspecs(
    component: wasmtime.component.Component, hook: str
) -> None:
    guest = TypeReader().function(exported_functions(component, ENGINE)[hook.replace("_", "-")])
    host = function_from_python(getattr(StorageHooks, hook))
    assert mismatch(host, guest, guest_is_callee=True) is None


def test_it_knows_one_artifact(component: wasmtime.component.Component) -> None:
    found = call(component, "storage-get-artifact", COMPONENT_ARTIFACT.id)
    assert (found.id, found.name, found.version) == (COMPONENT_ARTIFACT.id, "auth", "1.2.3")
    assert found.labels == [("tier", "core")]
    assert getattr(found.activity, "download-count") == 7
    assert call(component, "storage-get-artifact", COMPONENT_ARTIFACT.id[:-1] + "2") is None
    assert call(component, "storage-usage").artifacts == 1
