"""Which functions exist, and that none of them is outside of the gate's checks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from hyperhost.errors import CapabilityDeniedError
from hyperhost.sandbox.wasi import denied_stub, wasi_interfaces

DESCRIPTOR = """
    advise append-via-stream create-directory-at get-flags get-type is-same-object link-at metadata-hash
    metadata-hash-at open-at read read-directory read-via-stream readlink-at remove-directory-at rename-at
    set-size set-times set-times-at stat stat-at symlink-at sync sync-data unlink-file-at write
    write-via-stream
"""
OUTPUT = """
    blocking-flush blocking-splice blocking-write-and-flush blocking-write-zeroes-and-flush check-write
    flush splice subscribe write write-zeroes
"""

# The functions of WASI 0.2, by interface.
WANTED = {
    "wasi:cli/environment": {"get-environment", "get-arguments", "initial-cwd"},
    "wasi:cli/exit": {"exit", "exit-with-code"},
    "wasi:cli/stdin": {"get-stdin"},
    "wasi:cli/stdout": {"get-stdout"},
    "wasi:cli/stderr": {"get-stderr"},
    "wasi:cli/terminal-input": set(),
    "wasi:cli/terminal-output": set(),
    "wasi:cli/terminal-stdin": {"get-terminal-stdin"},
    "wasi:cli/terminal-stdout": {"get-terminal-stdout"},
    "wasi:cli/terminal-stderr": {"get-terminal-stderr"},
    "wasi:clocks/monotonic-clock": {"now", "resolution", "subscribe-instant", "subscribe-duration"},
    "wasi:clocks/wall-clock": {"now", "resolution"},
    "wasi:filesystem/preopens": {"get-directories"},
    "wasi:filesystem/types": {f"[method]descriptor.{name}" for name in DESCRIPTOR.split()}
    | {"[method]directory-entry-stream.read-directory-entry", "filesystem-error-code"},
    "wasi:io/error": {"[method]error.to-debug-string"},
    "wasi:io/poll": {"poll", "[method]pollable.ready", "[method]pollable.block"},
    "wasi:io/streams": {f"[method]output-stream.{name}" for name in OUTPUT.split()}
    | {
        f"[method]input-stream.{name}"
        for name in ("read", "blocking-read", "skip", "blocking-skip", "subscribe")
    },
    "wasi:random/insecure": {"get-insecure-random-bytes", "get-insecure-random-u64"},
    "wasi:random/insecure-seed": {"insecure-seed"},
    "wasi:random/random": {"get-random-bytes", "get-random-u64"},
}


def test_every_function_of_wasi_is_there_and_nothing_else() -> None:
    assert {interface.name: set(interface.functions()) for interface in wasi_interfaces()} == WANTED


def test_sockets_and_http_are_not_offered() -> None:
    assert not [each.name for each in wasi_interfaces() if re.match("wasi:(sockets|http)", each.name)]


def test_an_interface_is_linked_always_or_for_a_capability() -> None:
    for interface in wasi_interfaces():
        always = getattr(interface, "always", False)
        assert bool(interface.capability) != always, interface.name
        assert not interface.typed


def test_functions_that_need_no_grant_are_plumbing_or_list_the_grants_themselves() -> None:
    free = {
        f"{interface.name} {name}"
        for interface in wasi_interfaces()
        for name, function in interface.functions().items()
        if function.unprivileged and interface.capability
    }
    assert free == {
        "wasi:cli/environment get-arguments",
        "wasi:cli/environment get-environment",
        "wasi:cli/environment initial-cwd",
        "wasi:filesystem/preopens get-directories",
        "wasi:filesystem/types filesystem-error-code",
    }


def test_every_resource_type_has_a_destructor() -> None:
    owned = {f"{each.name} {name}" for each in wasi_interfaces() for name in each.resources}
    assert owned == {
        "wasi:io/error error",
        "wasi:io/poll pollable",
        "wasi:io/streams input-stream",
        "wasi:io/streams output-stream",
        "wasi:filesystem/types descriptor",
        "wasi:filesystem/types directory-entry-stream",
        "wasi:cli/terminal-input terminal-input",
        "wasi:cli/terminal-output terminal-output",
    }


def test_a_stub_lists_nothing_where_grants_are_listed(make_guest: Callable[..., Any]) -> None:
    call = make_guest().running
    assert denied_stub("wasi:filesystem/preopens@0.2.3", "get-directories")(call) == []
    assert denied_stub("wasi:cli/environment@0.2.0", "get-environment")(call) == []
    assert denied_stub("wasi:cli/environment@0.2.0", "initial-cwd")(call) is None


@pytest.mark.parametrize(
    ("interface", "function", "hint"),
    [
        ("wasi:clocks/wall-clock@0.2.3", "now", "hyperhost plugin grant p clock"),
        ("wasi:random/random", "get-random-bytes", "hyperhost plugin grant p random"),
        ("wasi:filesystem/types@0.2.0", "[method]descriptor.read", "hyperhost plugin grant p fs.read:/PATH"),
        ("wasi:sockets/tcp@0.2.0", "[method]tcp-socket.start-bind", "does not offer"),
    ],
)
def test_a_stub_refuses_and_says_what_would_allow_it(
    make_guest: Callable[..., Any], interface: str, function: str, hint: str
) -> None:
    with pytest.raises(CapabilityDeniedError, match="which is not granted") as caught:
        denied_stub(interface, function)(make_guest().running, 1, 2)
    assert hint in caught.value.hint
    assert (caught.value.plugin, caught.value.hook) == ("p", "check")


def test_a_stub_tells_learn_mode_what_it_was_called_for(make_guest: Callable[..., Any]) -> None:
    guest = make_guest()
    reached: list[str] = []
    guest.grants.observer = reached.append
    for interface in ("wasi:clocks/wall-clock@0.2.3", "wasi:cli/environment@0.2.3"):
        with pytest.raises(CapabilityDeniedError):
            denied_stub(interface, "now")(guest.running)
    assert reached == ["clock"]


def test_a_stub_whose_capability_was_granted_later_asks_for_a_reload(make_guest: Callable[..., Any]) -> None:
    guest = make_guest("clock")
    with pytest.raises(CapabilityDeniedError, match="not granted") as caught:
        denied_stub("wasi:clocks/wall-clock", "now")(guest.running)
    assert "reload" in caught.value.hint
