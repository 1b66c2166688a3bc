"""Addresses that a page would make links of: none that runs something gets into the registry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from registry_hosts import created, draft, operations_on, storage_of

import hyperhost
from hyperhost.errors import InvalidInputError


@pytest.fixture
def run() -> Iterator[hyperhost.Operations]:
    with operations_on(storage_of("memory", None)) as operations:
        yield operations


@pytest.mark.parametrize("field", ["homepage", "repository"])
@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " \tjavascript:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "\ufeffjavascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://acme.test/x",
        "git+javascript:x",
    ],
)
def test_an_address_that_runs_something_is_refused(
    run: hyperhost.Operations, field: str, address: str
) -> None:
    with pytest.raises(InvalidInputError, match=f"metadata.{field} is an address of the kind") as caught:
        run.run("create", draft=draft("auth", metadata={field: address}))
    assert (caught.value.field, caught.value.rule) == (f"metadata.{field}", "url")
    made = created(run)
    with pytest.raises(InvalidInputError, match="is an address of the kind"):
        run.run("update", artifact=made["id"], edit={"metadata": {field: address}})
    assert run.run("read", artifact=made["id"])["metadata"][field] == ""


@pytest.mark.parametrize(
    "address",
    [
        "https://acme.test/x?a=b:c",
        "HTTP://acme.test",
        "git@acme.test:auth.git",
        "ssh://git@acme.test/auth.git",
        "git+https://acme.test/auth.git",
        "acme.test/auth",
        "",
    ],
)
def test_a_harmless_address_is_kept(run: hyperhost.Operations, address: str) -> None:
    metadata = {"homepage": address, "repository": address}
    found = run.run("create", draft=draft("auth", metadata=metadata))["artifact"]["metadata"]
    assert (found["homepage"], found["repository"]) == (address, address)
