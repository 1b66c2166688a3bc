"""Every type of the table crosses in both directions, nested, in native plugins and in components."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from echo_components import (
    CAPABILITY,
    NativeEcho,
    NoThanks,
    Wrapped,
    bounce_interface,
    echo_component,
    package,
    specs_for,
    wrap,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_types import Sample, same, samples, scalars

import hyperhost

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
crossing = settings(max_examples=2500, deadline=None, suppress_health_check=SLOW)
LIMITS = hyperhost.Limits(deadline="20s")


@contextmanager
def hosting(wrapped: Wrapped, seen: list[Any] | None = None) -> Iterator[hyperhost.Host]:
    """A host with the echo component ``guest`` and its native counterpart ``native``."""
    interfaces = [bounce_interface(wrapped.cls, seen)]
    with hyperhost.Host("test", specs=[specs_for(wrapped.cls)], interfaces=interfaces) as host:
        host.load(package(echo_component(wrapped.type)), grants=[CAPABILITY], limits=LIMITS)
        host.register(NativeEcho(), "native")
        yield host


def drawn(sample: Sample, data: st.DataObject) -> tuple[Wrapped, list[Any]]:
    wrapped = wrap(sample.annotation)
    values = data.draw(st.lists(sample.values, min_size=1, max_size=3))
    return wrapped, values


@crossing
@given(samples(), st.data())
def test_a_value_comes_back_as_it_was_from_a_component_and_from_a_native_plugin(
    sample: Sample, data: st.DataObject
) -> None:
    wrapped, values = drawn(sample, data)
    with hosting(wrapped) as host:
        for value in values:
            sent = wrapped(value)
            native, guest = host.hook.echo(value=sent)
            assert native is sent
            assert same(guest, sent)
        assert host.faults == ()


@crossing
@given(samples(), st.data())
def test_a_value_passes_from_a_guest_through_a_host_function_and_back(
    sample: Sample, data: st.DataObject
) -> None:
    wrapped, values = drawn(sample, data)
    seen: list[Any] = []
    with hosting(wrapped, seen) as host:
        guest = host.plugin("guest")
        for value in values:
            sent = wrapped(value)
            assert same(guest.call("echo_via_host", value=sent), sent)
            assert same(seen.pop(), sent)


@crossing
@given(samples(), st.data(), st.booleans())
def test_a_host_function_answers_with_either_case_of_its_result(
    sample: Sample, data: st.DataObject, fail: bool
) -> None:
    wrapped, values = drawn(sample, data)
    with hosting(wrapped) as host:
        for value in values:
            sent = wrapped(value, refuse=fail)
            assert same(host.plugin("guest").call("echo_or_fail", value=sent), sent)


@crossing
@given(samples(), st.data(), st.booleans())
def test_a_hook_that_may_refuse_answers_or_raises_its_own_refusal(
    sample: Sample, data: st.DataObject, refuse: bool
) -> None:
    wrapped, values = drawn(sample, data)
    with hosting(wrapped) as host:
        for plugin in (host.plugin("guest"), host.plugin("native")):
            for value in values:
                sent = wrapped(value, refuse=refuse)
                if not refuse:
                    assert same(plugin.call("echo_or_refuse", value=sent), sent)
                    continue
                with pytest.raises(NoThanks, match="no thanks") as caught:
                    plugin.call("echo_or_refuse", value=sent)
                assert (caught.value.reason, caught.value.rule) == ("no thanks", "test")
                assert (caught.value.plugin, caught.value.hook) == (plugin.id, "echo_or_refuse")
        assert host.faults == ()


def test_every_scalar_crosses_inside_every_container() -> None:
    for sample in scalars():
        kind = sample.annotation
        for shape in (kind, list[kind], tuple[kind, kind], dict[str, kind], kind | None):
            wrapped = wrap(shape)
            with hosting(wrapped) as host:
                value = _filled(shape, kind)
                assert same(host.plugin("guest").call("echo_via_host", value=wrapped(value)), wrapped(value))


def _filled(shape: Any, kind: Any) -> Any:
    """A value of a container of ``kind`` with something in it."""
    examples = {bool: True, str: "é\0\U0001f600", float: 0.1, bytes: b"\0\xff", int: -(2**63)}
    item = examples.get(kind)
    if item is None:
        item = {"char": "\U0010ffff", "f32": 0.5}.get(kind.__metadata__[0], 7)
    origin = getattr(shape, "__origin__", None)
    if shape is kind or origin not in (list, tuple, dict):
        return item
    return {list: [item, item], tuple: (item, item), dict: {"k": item, "": item}}[origin]
