"""Every type of the table crosses in both directions, nested, in native plugins and in components."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from echo_components import (
    CAPABILITY,
    NativeEcho,
    NoThanks,
    Wrapped,
    annotated,
    bounce_interface,
    echo_component,
    package,
    specs_for,
    wrap,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_types import Broken, Sample, broken, misfits, same, samples, scalars

import hyperhost
from hyperhost.contracts.types import U8, U32
from hyperhost.sandbox.types import function_from_python
from hyperhost.sandbox.wit import package as package_text

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
crossing = settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
COMPONENTIZE = shutil.which("componentize-py", path=str(Path(sys.executable).parent)) or shutil.which(
    "componentize-py"
)
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


@pytest.mark.parametrize("case", misfits(), ids=lambda case: case.words)
def test_a_value_that_does_not_fit_is_refused_in_words(case: Broken) -> None:
    check_refused(case)


@crossing
@given(broken())
def test_a_nested_value_that_does_not_fit_is_refused_by_its_path(case: Broken) -> None:
    check_refused(case)


def check_refused(case: Broken) -> None:
    wrapped = wrap(case.annotation)
    with hosting(wrapped) as host:
        with pytest.raises(hyperhost.errors.BadArgumentError) as caught:
            host.plugin("guest").call("echo", value=wrapped(case.value))
        assert f"argument 'value'.value{case.path} " in str(caught.value)
        assert case.words in str(caught.value)
        assert (caught.value.plugin, caught.value.hook) == ("guest", "echo")
        assert host.faults == ()


def test_the_path_counts_items_and_names_fields() -> None:
    finding = dataclasses.make_dataclass("Finding", [("line", U32)], frozen=True)
    report = dataclasses.make_dataclass("Report", [("items", list[finding])], frozen=True)
    wrapped = wrap(report)
    with hosting(wrapped) as host, pytest.raises(hyperhost.errors.BadArgumentError) as caught:
        host.hook.echo(value=wrapped(report([finding(0), finding(1), finding(2), finding(2**32)])))
    assert caught.value.message == (
        "argument 'value'.value.items[3].line is 4294967296, outside u32 (0 to 4294967295)"
    )


@pytest.mark.skipif(COMPONENTIZE is None, reason="componentize-py, whose WIT parser judges, is not installed")
@settings(max_examples=6, deadline=None, suppress_health_check=SLOW)
@given(st.lists(samples(), min_size=20, max_size=30), st.data())
def test_a_real_parser_accepts_the_wit_of_any_types(kinds: list[Sample], data: st.DataObject) -> None:
    # The types of different samples share names, as those of strangers' modules may.
    hooks = {}
    for index, sample in enumerate(kinds):
        raises = data.draw(st.sampled_from([None, NoThanks]))
        spec = annotated(
            _hook, type=sample.annotation, value=sample.annotation, **{"return": sample.annotation}
        )
        hooks[f"hook-of-{'abcdefghijklmnopqrstuvwxyz'[index % 26]}{index}"] = function_from_python(
            spec, raises=raises
        )
    hooks |= {
        word: function_from_python(annotated(_hook, type=int, value=U8)) for word in ("type", "list", "use")
    }
    check_wit(package_text("made:plugins", hooks))


def test_every_scalar_crosses_inside_every_container() -> None:
    for sample in scalars():
        kind = sample.annotation
        for shape in (kind, list[kind], tuple[kind, kind], dict[str, kind], kind | None):
            wrapped = wrap(shape)
            with hosting(wrapped) as host:
                value = _filled(shape, kind)
                assert same(host.plugin("guest").call("echo_via_host", value=wrapped(value)), wrapped(value))


def _hook(self, type, value): ...  # noqa: A002 - a word of WIT on purpose


def check_wit(text: str) -> None:
    """Let componentize-py parse a WIT package."""
    assert COMPONENTIZE is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "plugins.wit")
        path.write_text(text, encoding="utf-8")
        command = [COMPONENTIZE, "-d", str(path), "-w", "plugin", "bindings", str(Path(folder, "out"))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{done.stderr}\n{text}"


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
