"""Properties that hold for all of the kernel's hookspecs and contract types."""

from __future__ import annotations

import ast
import dataclasses
import enum
import importlib
import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hyperhost.contracts
from hyperhost import hookspecs
from hyperhost.hookspecs import KERNEL_SPECS, SERVICES
from hyperhost.hookspecs.markers import SPEC_ATTRIBUTE
from hyperhost.sandbox.types import Function, WitType, function_from_python, kebab
from hyperhost.sandbox.wit import named_types

FOLDER = Path(inspect.getfile(hyperhost.contracts)).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
HELPERS = ("codec", "moments", "outputs", "schema")
"""Modules beside the contract types: no hook carries what they define, so the package does not offer it."""
TYPES = [getattr(hyperhost.contracts, name) for name in hyperhost.contracts.__all__]
CLASSES = [item for item in TYPES if isinstance(item, type) and item is not hyperhost.contracts.Limits]
OPTIONS: dict[str, dict[str, Any]] = {
    name: getattr(member, SPEC_ATTRIBUTE)
    for spec in KERNEL_SPECS
    for name, member in vars(spec).items()
    if hasattr(member, SPEC_ATTRIBUTE)
}


def functions() -> Iterator[tuple[str, Function]]:
    for spec in KERNEL_SPECS:
        for name, member in vars(spec).items():
            if name in OPTIONS:
                yield name, function_from_python(member, raises=OPTIONS[name]["raises"])


def in_a_new_interpreter(program: str) -> list[str]:
    command = [sys.executable, "-c", program]
    environment = {"PYTHONPATH": str(FOLDER.parent.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=60)
    return done.stdout.split()


@pytest.mark.parametrize("module", MODULES)
def test_contract_modules_import_only_the_standard_library_and_each_other(module: str) -> None:
    for node in ast.walk(ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))):
        imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            imported = [node.module or ""]
        for name in imported:
            assert name.partition(".")[0] in sys.stdlib_module_names or name.startswith(
                "hyperhost.contracts."
            )


@pytest.mark.parametrize("module", [module for module in MODULES if module not in ("limits", *HELPERS)])
def test_the_package_offers_every_public_name_of_its_modules(module: str) -> None:
    source = importlib.import_module(f"hyperhost.contracts.{module}")
    for name in source.__all__:
        assert name in hyperhost.contracts.__all__
        assert getattr(hyperhost.contracts, name) is getattr(source, name)


def test_type_checkers_see_every_module_that_is_offered() -> None:
    tree = ast.parse((FOLDER / "__init__.py").read_text(encoding="utf-8"))
    seen = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {f"hyperhost.contracts.{module}" for module in MODULES if module not in HELPERS} <= seen


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    for module in (hyperhost.contracts, hookspecs):
        with pytest.raises(AttributeError, match=rf"module '{module.__name__}' has no attribute 'Nothing'"):
            _ = module.Nothing
        assert set(module.__all__) <= set(dir(module))


def test_importing_the_packages_imports_none_of_their_modules() -> None:
    program = "import sys, hyperhost.contracts, hyperhost.hookspecs; print(*sys.modules)"
    loaded = [name for name in in_a_new_interpreter(program) if name.startswith("hyperhost.")]
    assert "hyperhost.hookspecs.markers" in loaded
    assert not [name for name in loaded if name.startswith("hyperhost.contracts.")]
    assert "dataclasses" not in in_a_new_interpreter("import sys, hyperhost.contracts; print(*sys.modules)")


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_contract_types_are_documented_and_closed(cls: type) -> None:
    assert inspect.getdoc(cls)
    if issubclass(cls, enum.Enum):
        for member in cls:
            assert kebab(member.name) == member.value
        return
    assert dataclasses.is_dataclass(cls)
    assert cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(cls)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_times_say_that_they_are_microseconds(cls: type) -> None:
    if not dataclasses.is_dataclass(cls):
        return
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        if "_at" in name:
            assert name.endswith("_at_us")
            assert "s64" in str(hint)


def test_every_hook_has_a_wit_type() -> None:
    assert [name for name, _ in functions()] == list(OPTIONS)


def test_names_of_types_and_hooks_are_unique_once_spelled_in_wit() -> None:
    seen: dict[str, WitType] = {}
    for _, function in functions():
        for name, kind in named_types([function]).items():
            assert seen.setdefault(name, kind) == kind
    assert not {kebab(name) for name in OPTIONS} & set(seen)


def test_every_contract_class_is_reached_by_a_hook() -> None:
    reached = {kebab(name) for _, function in functions() for name in named_types([function])}
    assert {kebab(cls.__name__) for cls in CLASSES} <= reached


def test_hooks_are_named_domain_verb_and_take_no_defaults() -> None:
    domains = (
        "access",
        "artifact",
        "command",
        "content",
        "embed",
        "graph",
        "mesh",
        "metrics",
        "operation",
        "policy",
        "recommend",
        "resolution",
        "schedule",
        "search",
        "secrets",
        "semantic",
        "signing",
        "storage",
        "template",
        "trust",
    )
    for spec in KERNEL_SPECS:
        for name, member in vars(spec).items():
            if name in OPTIONS:
                assert name.startswith(tuple(f"{domain}_" for domain in domains))
                assert member.__defaults__ is None


def test_services_hold_the_hooks_of_their_specs_and_one_answer_each() -> None:
    assert set(SERVICES) == {
        "access",
        "storage",
        "content",
        "secrets",
        "search",
        "embed",
        "semantic",
        "graph",
        "recommend",
        "signing",
        "resolution",
        "mesh",
        "trust",
    }
    for service, hooks in SERVICES.items():
        assert hooks
        for name in hooks:
            assert name.startswith(f"{service}_")
            assert OPTIONS[name]["service"] == service
            assert OPTIONS[name]["firstresult"] is True
            assert OPTIONS[name]["on_fault"] == "raise"
    members = [name for hooks in SERVICES.values() for name in hooks]
    assert members == [name for name, options in OPTIONS.items() if options["service"]]


def test_observers_skip_and_gates_raise() -> None:
    skipping = {name for name, options in OPTIONS.items() if options["on_fault"] == "skip"}
    assert skipping == {
        "artifact_created",
        "artifact_deleted",
        "artifact_deprecated",
        "artifact_published",
        "artifact_updated",
        "command_list",
        "metrics_collect",
        "metrics_observe",
        "policy_found",
        "schedule_jobs",
        "search_body",
        "search_facets",
        "search_rerank",
        "search_rewrite_query",
    }
