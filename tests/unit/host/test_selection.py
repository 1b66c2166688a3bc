"""One provider per service: chosen, conflicting, missing, changed, and never another one's answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from echo_components import package
from small_components import TRAP, Hook, Small, answering, component

import hyperhost
from hyperhost.config import Config
from hyperhost.errors import ProviderConflictError, ProviderMissingError, SpecError, TrapError


class Store:
    """A native provider."""

    def __init__(self, number: int, name: str = "store") -> None:
        self.number = number
        self.plugin_id = name

    @hyperhost.hookimpl
    def store_read(self, n):
        return self.number

    @hyperhost.hookimpl
    def store_write(self, n):
        return self.number


class Standing(Store):
    """A provider that says how it stands."""

    def __init__(self, number: int, name: str, standing: object) -> None:
        super().__init__(number, name)
        self.standing = standing

    def plugin_standing(self):
        if self.standing is None:
            raise OSError("nobody knows")
        return self.standing


class ReadOnly:
    plugin_id = "read-only"

    @hyperhost.hookimpl
    def store_read(self, n):
        return 0


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    with hyperhost.Host("test", specs=[Small]) as made:
        yield made


def test_the_only_provider_is_the_provider(host: hyperhost.Host) -> None:
    host.register(Store(1))
    assert host.hook.store_read(n=1) == 1
    assert host.providers == {"store": "store"}
    host.check_pending()


def test_no_provider_is_an_error_and_not_an_empty_answer(host: hyperhost.Host) -> None:
    with pytest.raises(ProviderMissingError, match="no plugin provides the service 'store'"):
        host.hook.store_read(n=1)
    assert host.providers == {}
    host.check_pending()  # a service that nobody asked for is no reason to complain


def test_two_equal_candidates_are_an_error_that_names_both(host: hyperhost.Host) -> None:
    host.register(Store(1, "one"))
    host.load(package(answering(2, "store-read", "store-write"), "two"))
    for call in (lambda: host.hook.store_read(n=1), host.check_pending):
        with pytest.raises(
            ProviderConflictError, match="'one' and 'two' both provide the service 'store'"
        ) as caught:
            call()
        assert caught.value.hint == "select one in hyperhost.toml: [providers] store = 'one'"
    assert host.providers == {}
    assert host.faults == ()


def test_of_several_the_one_that_stands_above_the_others_answers_until_another_is_selected(
    host: hyperhost.Host,
) -> None:
    for number, name, standing in (
        (1, "plain", 0),
        (2, "better", 10),
        (3, "modest", -1),
        (4, "broken", None),
    ):
        host.register(Standing(number, name, standing))
    assert (host.providers, host.hook.store_read(n=1)) == ({"store": "better"}, 2)
    host.register(Standing(5, "best", 20))
    assert (host.providers, host.hook.store_read(n=1)) == ({"store": "best"}, 5)
    host.select("store", "modest")
    assert (host.providers, host.hook.store_read(n=1)) == ({"store": "modest"}, 3)


def test_two_that_stand_above_the_others_are_an_error_and_one_that_stands_below_is_nobodys_choice(
    host: hyperhost.Host,
) -> None:
    host.register(Standing(1, "one", 10))
    host.register(Standing(2, "two", 10))
    assert host.providers == {}
    with pytest.raises(ProviderConflictError):
        host.hook.store_read(n=1)
    with hyperhost.Host("test", specs=[Small]) as other:
        other.register(Standing(1, "one", -1))
        assert other.providers == {"store": "one"}  # nothing else could answer
        other.register(Standing(2, "two", -2))
        assert other.providers == {}


def test_the_selected_one_answers_alone_and_the_next_call_obeys(host: hyperhost.Host) -> None:
    host.register(Store(1, "one"))
    host.load(package(answering(2, "store-read", "store-write"), "two"))
    for name, answer in (("one", 1), ("two", 2), ("one", 1)):
        host.select("store", name)
        assert host.hook.store_read(n=1) == answer
        assert host.hook.store_write(n=1) == answer
        assert host.providers == {"store": name}
    assert host.plugin("two").call("store_read", n=1) == 2


def test_the_configuration_selects() -> None:
    with hyperhost.Host("test", specs=[Small], config=Config(providers={"store": "two"})) as host:
        host.register(Store(1, "one"))
        with pytest.raises(
            ProviderMissingError, match="is selected for the service 'store' but provides none"
        ) as caught:
            host.hook.store_read(n=1)
        assert caught.value.plugin == "two"
        assert caught.value.hint == "install it, or select one of: one"
        host.register(Store(2, "two"))
        host.register(Store(3, "three"))
        assert host.hook.store_read(n=1) == 2


def test_what_cannot_be_selected_leaves_the_old_selection(host: hyperhost.Host) -> None:
    host.register(Store(1, "one"))
    host.register(Store(2, "two"))
    host.select("store", "two")
    with pytest.raises(ProviderMissingError, match="provides none of its hooks"):
        host.select("store", "three")
    with pytest.raises(SpecError, match=r"there is no service 'stoer' \(services: store\)"):
        host.select("stoer", "one")
    assert host.hook.store_read(n=1) == 2


def test_a_provider_that_goes_is_missed_and_comes_back(host: hyperhost.Host) -> None:
    one, two = host.register(Store(1, "one")), host.register(Store(2, "two"))
    host.select("store", "two")
    two.deactivate()
    with pytest.raises(ProviderMissingError, match=r"plugin 'two'.* is selected"):
        host.hook.store_read(n=1)
    two.activate()
    assert host.hook.store_read(n=1) == 2
    two.unload()
    with pytest.raises(ProviderMissingError):
        host.hook.store_read(n=1)
    host.select("store", "one")
    assert host.hook.store_read(n=1) == 1
    one.unload()
    with pytest.raises(ProviderMissingError):
        host.hook.store_read(n=1)


def test_the_other_one_takes_over_when_nothing_is_selected(host: hyperhost.Host) -> None:
    host.register(Store(1, "one"))
    two = host.register(Store(2, "two"))
    two.unload()
    assert host.hook.store_read(n=1) == 1


def test_a_provider_without_a_hook_is_not_helped_out_by_another(host: hyperhost.Host) -> None:
    host.register(ReadOnly())
    host.register(Store(1, "full"))
    host.select("store", "read-only")
    assert host.hook.store_read(n=1) == 0
    with pytest.raises(
        ProviderMissingError, match="provides the service 'store' without store_write"
    ) as caught:
        host.hook.store_write(n=1)
    assert (caught.value.plugin, caught.value.hook) == ("read-only", "store_write")
    assert caught.value.hint == "select a provider that implements it"


def test_wrappers_run_around_every_provider(host: hyperhost.Host) -> None:
    seen: list[Any] = []

    class Cache:
        plugin_id = "cache"

        @hyperhost.hookimpl(wrapper=True)
        def store_read(self, n):
            seen.append(n)
            return (yield) + 100

    host.register(Store(1, "one"))
    host.register(Cache())
    assert host.providers == {"store": "one"}
    assert host.hook.store_read(n=1) == 101
    host.register(Store(2, "two"))
    host.select("store", "two")
    assert host.hook.store_read(n=2) == 102
    assert seen == [1, 2]


def test_a_fault_of_the_provider_is_not_covered_up_by_another(host: hyperhost.Host) -> None:
    trap = Hook("store-read", "(result s64)", "(result i64) unreachable")
    host.load(package(component([TRAP, trap]), "bad"))
    host.register(Store(1, "good"))
    host.select("store", "bad")
    with pytest.raises(TrapError):
        host.hook.store_read(n=1)
    assert [fault.plugin for fault in host.faults] == ["bad"]


def test_other_hooks_of_a_provider_are_not_narrowed(host: hyperhost.Host) -> None:
    class Both(Store):
        @hyperhost.hookimpl
        def count(self):
            return self.number

    host.register(Both(1, "one"))
    host.register(Both(2, "two"))
    host.select("store", "one")
    assert host.hook.count() == [2, 1]
    assert host.hook.store_read(n=1) == 1


def test_specs_of_a_service_may_come_after_its_provider() -> None:
    with hyperhost.Host("test", specs=[]) as host:
        host.register(Store(1, "one"))
        host.register(Store(2, "two"))
        host.add_specs(Small)
        with pytest.raises(ProviderConflictError):
            host.hook.store_read(n=1)
        host.select("store", "one")
        assert host.hook.store_read(n=1) == 1


def test_plugins_need_not_be_hashable_nor_different(host: hyperhost.Host) -> None:
    @dataclasses.dataclass
    class Equal:
        number: int = 1

        @hyperhost.hookimpl
        def store_read(self, n):
            return self.number

    plugin = host.register(Equal(), "equal")
    assert host.hook.store_read(n=1) == 1
    plugin.unload()
    with pytest.raises(ProviderMissingError):
        host.hook.store_read(n=1)
