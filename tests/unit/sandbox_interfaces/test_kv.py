"""Key-value stores: one suite for the one in memory and the one in state.db."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperhost.errors import CapabilityDeniedError, DeadlineError, HostFunctionError, QuotaError
from hyperhost.host.state import MemoryState, State, open_state
from hyperhost.sandbox.services import KeyValueStore, Services, own_store


@pytest.fixture(params=["memory", "disk"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    made = open_state(None if request.param == "memory" else tmp_path / "state.db")
    assert isinstance(made, MemoryState) == (request.param == "memory")
    yield made
    made.close()


@pytest.fixture
def kv(state: State) -> KeyValueStore:
    return state.kv


@pytest.fixture
def services(state: State) -> Services:
    return Services(kv=state.kv)


def test_what_was_set_is_got_until_deleted(guest):
    storing = guest("kv")
    assert storing("kv.get", "a") is None
    storing("kv.set", "a", b"\x00\xff")
    storing("kv.set", "empty", b"")
    assert (storing("kv.get", "a"), storing("kv.get", "empty")) == (b"\x00\xff", b"")
    assert storing("kv.delete", "a") is True
    assert storing("kv.delete", "a") is False
    assert storing("kv.get", "a") is None


def test_plugins_do_not_see_each_others_keys(guest):
    guest("kv", plugin="one")("kv.set", "a", b"1")
    other = guest("kv", plugin="two")
    assert other("kv.get", "a") is None
    assert other("kv.keys", "", 10) == []
    assert other("kv.delete", "a") is False


def test_plugin_named_like_a_shared_store_stays_apart(guest):
    guest("kv", plugin="notes")("kv.set", "a", b"own")
    assert guest("kv:shared:notes")("kv-shared.get", "notes", "a") is None


def test_keys_are_ordered_filtered_and_bounded(guest):
    storing = guest("kv")
    for key in ("b", "a/2", "a/1", "a", "a\x00z", "a0", "ä", "\N{GRINNING FACE}", "\uffff"):
        storing("kv.set", key, b"")
    everything = ["a", "a\x00z", "a/1", "a/2", "a0", "b", "ä", "\uffff", "\N{GRINNING FACE}"]
    assert storing("kv.keys", "", 100) == everything == sorted(everything)
    assert storing("kv.keys", "a/", 100) == ["a/1", "a/2"]
    assert storing("kv.keys", "a\x00", 100) == ["a\x00z"]
    assert storing("kv.keys", "\uffff", 100) == ["\uffff"]
    assert storing("kv.keys", "\N{GRINNING FACE}", 100) == ["\N{GRINNING FACE}"]
    assert storing("kv.keys", "", 2) == ["a", "a\x00z"]
    assert storing("kv.keys", "", 0) == []
    assert storing("kv.keys", "%", 100) == []
    assert storing("kv.keys", "", 2**32 - 1) == everything


def test_swap_replaces_only_what_was_expected(guest):
    storing = guest("kv")
    assert storing("kv.swap", "a", b"x", b"1") is False
    assert storing("kv.swap", "a", None, b"1") is True
    assert storing("kv.swap", "a", None, b"2") is False
    assert storing("kv.swap", "a", b"1", b"2") is True
    assert storing("kv.swap", "a", b"1", None) is False
    assert storing("kv.get", "a") == b"2"
    assert storing("kv.swap", "a", b"2", None) is True
    assert storing("kv.swap", "a", None, None) is True
    assert storing("kv.get", "a") is None


@pytest.mark.parametrize("key", ["", "k" * 513, "ä" * 257, "\N{GRINNING FACE}" * 129])
@pytest.mark.parametrize("function", ["get", "delete", "set", "swap"])
def test_wild_keys_are_refused(guest, function, key):
    arguments = {"get": (), "delete": (), "set": (b"",), "swap": (None, b"")}[function]
    with pytest.raises(HostFunctionError, match=r"keys have 1 to 512 bytes") as caught:
        guest("kv")(f"kv.{function}", key, *arguments)
    assert (caught.value.plugin, caught.value.hook) == ("scan", "check_text")


@pytest.mark.parametrize("key", ["k" * 512, "ä" * 256, "\N{GRINNING FACE}" * 128])
def test_keys_of_512_bytes_pass(guest, key):
    storing = guest("kv")
    storing("kv.set", key, b"1")
    assert storing("kv.get", key) == b"1"


def test_quota_counts_keys_and_values_and_refuses_without_a_change(guest, kv):
    storing = guest("kv", kv=20)
    storing("kv.set", "four", b"0123456789")
    with pytest.raises(QuotaError, match=r"would hold 21 bytes, the limit kv is 20") as caught:
        storing("kv.set", "more", b"012")
    assert (caught.value.plugin, caught.value.limit) == ("scan", "kv")
    with pytest.raises(QuotaError):
        storing("kv.swap", "more", None, b"012")
    assert kv.used_bytes("scan") == 14
    assert storing("kv.keys", "", 10) == ["four"]
    storing("kv.set", "more", b"01")
    storing("kv.set", "four", b"x")
    storing("kv.delete", "more")
    assert kv.used_bytes("scan") == 5


def test_a_lowered_quota_lets_the_plugin_tidy_up(guest):
    guest("kv", kv=100)("kv.set", "a", b"x" * 99)
    squeezed = guest("kv", kv=10)
    with pytest.raises(QuotaError):
        squeezed("kv.set", "b", b"")
    with pytest.raises(QuotaError):
        squeezed("kv.set", "a", b"x" * 100)
    squeezed("kv.set", "a", b"x" * 50)
    assert squeezed("kv.delete", "a") is True


def test_one_quota_over_own_and_shared_stores(guest):
    storing = guest("kv", "kv:shared:one", "kv:shared:two", kv=20)
    storing("kv.set", "k", b"x" * 7)
    storing("kv-shared.set", "one", "k", b"x" * 7)
    with pytest.raises(QuotaError, match="would hold 24"):
        storing("kv-shared.set", "two", "k", b"x" * 7)


def test_shared_entry_is_charged_to_whoever_wrote_it_last(guest, kv):
    first = guest("kv:shared:notes", plugin="first", kv=100)
    second = guest("kv:shared:notes", plugin="second", kv=10)
    first("kv-shared.set", "notes", "key", b"x" * 47)
    assert (kv.used_bytes("first"), kv.used_bytes("second")) == (50, 0)
    with pytest.raises(QuotaError):
        second("kv-shared.set", "notes", "key", b"x" * 8)
    assert second("kv-shared.get", "notes", "key") == b"x" * 47
    second("kv-shared.set", "notes", "key", b"x" * 7)
    assert (kv.used_bytes("first"), kv.used_bytes("second")) == (0, 10)
    assert first("kv-shared.delete", "notes", "key") is True
    assert (kv.used_bytes("first"), kv.used_bytes("second")) == (0, 0)


@pytest.mark.parametrize("store", ["", "*", "other", "notes:x", "Notes", "notes\n", "../notes", "n" * 10_000])
def test_shared_store_outside_the_grant_is_refused(guest, store):
    with pytest.raises(CapabilityDeniedError):
        guest("kv:shared:notes")("kv-shared.get", store, "a")


def test_forget_removes_own_and_shared_entries_of_one_plugin(guest, kv):
    for plugin in ("one", "two"):
        storing = guest("kv", "kv:shared:notes", plugin=plugin)
        storing("kv.set", "a", b"1")
        storing("kv-shared.set", "notes", plugin, b"1")
    kv.forget("one")
    assert (kv.used_bytes("one"), kv.used_bytes("two")) == (0, 6)
    left = guest("kv", "kv:shared:notes", plugin="two")
    assert left("kv-shared.keys", "notes", "", 9) == ["two"]
    assert left("kv.get", "a") == b"1"
    assert kv.keys(own_store("one"), "", 9) == []


def test_counters_swapped_by_many_threads_lose_nothing(guest, kv):
    def count(times: int) -> None:
        storing = guest("kv", deadline="60s")
        for _ in range(times):
            while True:
                old = storing("kv.get", "n")
                if storing("kv.swap", "n", old, str(int(old or b"0") + 1).encode()):
                    break

    threads = [threading.Thread(target=count, args=(25,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kv.get(own_store("scan"), "n") == b"100"
    assert kv.used_bytes("scan") == 4


def test_write_behind_another_writer_ends_at_the_deadline(guest, tmp_path):
    state = open_state(tmp_path / "state.db")
    blocker = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    try:
        blocker.execute("BEGIN IMMEDIATE")
        waiting = guest("kv", services=Services(kv=state.kv), deadline="150ms")
        with pytest.raises(DeadlineError, match="deadline of 150 ms"):
            waiting("kv.set", "a", b"1")
        blocker.execute("ROLLBACK")
        guest("kv", services=Services(kv=state.kv))("kv.set", "a", b"1")
    finally:
        blocker.close()
        state.close()
