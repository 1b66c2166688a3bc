"""Policies as text: TOML, read strictly. Whatever is wrong is said with its line."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import hyperhost
from hyperhost.contracts import ArtifactType, IssueSeverity, PolicyAction, PolicyEnforcement
from hyperhost.errors import TomlError

from .fields import OPERATORS_OF, Kind, kind_of, near
from .lines import line_of
from .patterns import PatternError, pattern
from .rules import OPERATORS, AllOf, AnyOf, Comparison, Condition, Exemption, Not, Policy, Rule, Scope

__all__ = ["PolicyError", "read_policy", "read_scope"]

_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NAME_MAX: Final = 64
_MAX_BYTES: Final = 1 << 20
_MAX_RULES: Final = 500
_MAX_DEPTH: Final = 16
_LARGEST: Final = 2**63 - 1
_SCOPE: Final = ("operations", "namespaces", "artifacts", "types", "users")

Path = tuple[str | int, ...]


class PolicyError(ValueError):
    """A policy is none.

    Attributes:
        line: Where, from 1; 0 when it is the file as a whole.
        problem: What is wrong.
    """

    def __init__(self, problem: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {problem}" if line else problem)
        self.problem = problem
        self.line = line


class _Wrong(Exception):
    """Something at a path is not what it has to be; the line is looked for by whoever has the text."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(problem)
        self.path = path
        self.problem = problem


def read_policy(text: str, name: str = "") -> Policy:
    """A policy.

    Args:
        text: TOML.
        name: What it has to be called, as its file is; any name when empty.

    Raises:
        PolicyError: it is no TOML, or something in it is unknown, missing or of another type.
    """
    data = _parsed(text)
    try:
        return _policy(data, name)
    except _Wrong as wrong:
        shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in wrong.path)
        raise PolicyError(f"{shown.lstrip('.')} {wrong.problem}", line_of(text, wrong.path)) from None


def read_scope(text: str) -> Scope | None:
    """The scope of a policy that cannot be read otherwise; ``None`` when that cannot be read either."""
    try:
        return _scope(_parsed(text).get("scope", {}), ("scope",))
    except (PolicyError, _Wrong):
        return None


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > _MAX_BYTES:
        raise PolicyError(f"it has {len(text):,} characters; the most is {_MAX_BYTES:,}")
    try:
        return hyperhost.read_toml(text)
    except TomlError as error:
        raise PolicyError(f"it is no TOML: {error.message.partition(' (')[0]}", error.line) from None


def _policy(data: dict[str, Any], name: str) -> Policy:
    _known(data, (), ("policy", "scope", "rules", "exceptions"))
    head = _table(data, "policy", ())
    _known(head, ("policy",), ("name", "description", "default", "enforcement"))
    own = _text(head, "name", ("policy",), name)
    if not _NAME.fullmatch(own) or len(own) > _NAME_MAX:
        raise _Wrong(("policy", "name"), f"is {own[:80]!r}; use lower case, digits and single hyphens")
    if name and own != name:
        raise _Wrong(("policy", "name"), f"is {own!r}, and the file is called {name}.toml")
    default = _word(head, "default", ("policy",), ("allow", "deny"), "allow")
    enforcement = PolicyEnforcement(
        _word(head, "enforcement", ("policy",), list(PolicyEnforcement), PolicyEnforcement.MANDATORY)
    )
    rules = _rules(data, enforcement)
    if not rules and default == "allow":
        raise _Wrong(("rules",), "are missing: it would do nothing")
    known = {rule.id for rule in rules}
    return Policy(
        own,
        _text(head, "description", ("policy",), ""),
        "deny" if default == "deny" else "allow",
        enforcement,
        _scope(data.get("scope", {}), ("scope",)),
        rules,
        tuple(
            _exemption(each, ("exceptions", index), known | {"default"})
            for index, each in enumerate(_tables(data, "exceptions"))
        ),
    )


def _rules(data: dict[str, Any], enforcement: PolicyEnforcement) -> tuple[Rule, ...]:
    tables = _tables(data, "rules")
    if len(tables) > _MAX_RULES:
        raise _Wrong(("rules", _MAX_RULES), f"is one too many: {_MAX_RULES} is the most")
    rules: list[Rule] = []
    for index, each in enumerate(tables):
        rule = _rule(each, ("rules", index), enforcement)
        if rule.id == "default" or any(rule.id == other.id for other in rules):
            raise _Wrong(("rules", index, "id"), f"is {rule.id!r}, which is taken")
        rules.append(rule)
    return tuple(rules)


def _rule(data: Any, path: Path, enforcement: PolicyEnforcement) -> Rule:
    if not isinstance(data, dict):
        raise _Wrong(path, "is no table")
    _known(data, path, ("id", "action", "severity", "enforcement", "reason", "when", "set"))
    own = _text(data, "id", path)
    if not _NAME.fullmatch(own) or len(own) > _NAME_MAX:
        raise _Wrong((*path, "id"), f"is {own[:80]!r}; use lower case, digits and single hyphens")
    action = PolicyAction(_word(data, "action", path, list(PolicyAction)))
    change = data.get("set", {})
    if (action is PolicyAction.MODIFY) != bool(change):
        raise _Wrong(
            (*path, "set"), "says what a rule with action 'modify' changes, and only such a rule has it"
        )
    if not isinstance(change, dict):
        raise _Wrong((*path, "set"), "is no table")
    _known(change, (*path, "set"), ("labels", "annotations", "remove_labels"))
    return Rule(
        own,
        action,
        _condition(data["when"], (*path, "when"), 0) if "when" in data else None,
        IssueSeverity(_word(data, "severity", path, list(IssueSeverity), IssueSeverity.MEDIUM)),
        PolicyEnforcement(_word(data, "enforcement", path, list(PolicyEnforcement), enforcement)),
        _text(data, "reason", path, ""),
        _pairs(change, "labels", (*path, "set")),
        _texts(change, "remove_labels", (*path, "set")),
        _pairs(change, "annotations", (*path, "set")),
    )


def _condition(data: Any, path: Path, depth: int) -> Condition:
    if not isinstance(data, dict):
        raise _Wrong(path, "is no condition; write { field = …, operator = …, value = … }")
    if depth >= _MAX_DEPTH:
        raise _Wrong(path, f"is nested more than {_MAX_DEPTH} deep")
    for word, kind in (("and", AllOf), ("or", AnyOf)):
        if word in data:
            _known(data, path, (word,))
            parts = data[word]
            if not isinstance(parts, list) or not parts:
                raise _Wrong((*path, word), "is no list of conditions")
            found = [_condition(part, (*path, word, index), depth + 1) for index, part in enumerate(parts)]
            return kind(tuple(found))
    if "not" in data:
        _known(data, path, ("not",))
        return Not(_condition(data["not"], (*path, "not"), depth + 1))
    _known(data, path, ("field", "operator", "value"))
    return _test(data, path)


def _test(data: dict[str, Any], path: Path) -> Comparison:
    field = _text(data, "field", path)
    kind = kind_of(field)
    if kind is None:
        raise _Wrong((*path, "field"), f"is {field[:80]!r}, which is unknown; {near(field)}")
    operator = _word(data, "operator", path, OPERATORS)
    if operator not in OPERATORS_OF[kind]:
        able = ", ".join(OPERATORS_OF[kind])
        raise _Wrong((*path, "operator"), f"is {operator!r}, and {field} is {kind.value}: {able}")
    if "value" not in data:
        raise _Wrong((*path, "value"), "is missing")
    return Comparison(field, operator, _value(data["value"], kind, operator, (*path, "value")))  # type: ignore[arg-type]  # one of OPERATORS


def _value(value: Any, kind: Kind, operator: str, path: Path) -> Any:
    if operator == "in":
        if not isinstance(value, list) or not value:
            raise _Wrong(path, "is no list")
        return tuple(_single(each, kind, "equals", (*path, index)) for index, each in enumerate(value))
    return _single(value, kind, operator, path)


def _single(value: Any, kind: Kind, operator: str, path: Path) -> Any:
    """One value to compare with, of the type that the kind of the field takes."""
    number = type(value) is int and abs(value) <= _LARGEST
    if operator == "matches":
        if not isinstance(value, str):
            raise _Wrong(path, "is no regular expression")
        try:
            pattern(value)
        except PatternError as error:
            raise _Wrong(path, f"is no regular expression: {error}") from None
        return value
    if operator in ("greater-than", "less-than"):
        fine = (
            _is_version(value) if kind is Kind.VERSION else number or (kind is Kind.ANY and _is_finite(value))
        )
        if not fine:
            raise _Wrong(path, "is no version" if kind is Kind.VERSION else "is no number")
        return value
    fine = {
        Kind.FLAG: isinstance(value, bool),
        Kind.NUMBER: number,
        Kind.ANY: isinstance(value, str | bool) or number or _is_finite(value),
    }.get(kind, isinstance(value, str))
    if not fine:
        wanted = Kind.TEXT if kind in (Kind.WORDS, Kind.VERSION) else kind
        raise _Wrong(path, f"is not {wanted.value}")
    return value


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and value == value and abs(value) != float("inf")


def _is_version(value: Any) -> bool:
    import semver

    return isinstance(value, str) and semver.Version.is_valid(value)


def _scope(data: Any, path: Path) -> Scope:
    if not isinstance(data, dict):
        raise _Wrong(path, "is no table")
    _known(data, path, _SCOPE)
    found = {name: _texts(data, name, path) for name in _SCOPE}
    for index, each in enumerate(found["types"]):
        if each not in list(ArtifactType):
            known = ", ".join(ArtifactType)
            raise _Wrong((*path, "types", index), f"is {each[:80]!r}; types are {known}")
    return Scope(**found)


def _exemption(data: Any, path: Path, rules: set[str]) -> Exemption:
    if not isinstance(data, dict):
        raise _Wrong(path, "is no table")
    _known(data, path, ("rules", "reason", "expires", *_SCOPE))
    named = _texts(data, "rules", path)
    for index, each in enumerate(named):
        if each not in rules:
            raise _Wrong((*path, "rules", index), f"is {each[:80]!r}, and there is no such rule")
    expires = data.get("expires")
    if isinstance(expires, datetime.date) and not isinstance(expires, datetime.datetime):
        expires = datetime.datetime.combine(expires, datetime.time(), datetime.UTC)
    if not isinstance(expires, datetime.datetime):
        raise _Wrong((*path, "expires"), "has to be a date or a time: every exception ends")
    if expires.tzinfo is None:
        raise _Wrong((*path, "expires"), "has no time zone; write it as 2030-01-01T00:00:00Z")
    scope = _scope({key: data[key] for key in _SCOPE if key in data}, path)
    return Exemption(scope, named, _text(data, "reason", path), int(expires.timestamp() * 1_000_000))


# --- tables, texts ----------------------------------------------------------------------------


def _known(data: Mapping[str, Any], path: Path, names: Iterable[str]) -> None:
    for key in data:
        if key not in names:
            raise _Wrong((*path, key), f"is unknown; known are {', '.join(names)}")


def _table(data: Mapping[str, Any], key: str, path: Path) -> dict[str, Any]:
    found = data.get(key, {})
    if not isinstance(found, dict):
        raise _Wrong((*path, key), "is no table")
    return found


def _tables(data: Mapping[str, Any], key: str) -> list[Any]:
    found = data.get(key, [])
    if not isinstance(found, list):
        raise _Wrong((key,), f"are written as [[{key}]]")
    return found


def _text(data: Mapping[str, Any], key: str, path: Path, default: str | None = None) -> str:
    found = data.get(key, default)
    if found is None or (key in data and found == "" and default is None):
        raise _Wrong((*path, key), "is missing")
    if not isinstance(found, str):
        raise _Wrong((*path, key), "is no text")
    return found


def _word(
    data: Mapping[str, Any], key: str, path: Path, known: Iterable[str], default: str | None = None
) -> str:
    found = _text(data, key, path, default)
    if found not in list(known):
        raise _Wrong((*path, key), f"is {found[:80]!r}; known are {', '.join(known)}")
    return found


def _texts(data: Mapping[str, Any], key: str, path: Path) -> tuple[str, ...]:
    found = data.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, str) and each for each in found):
        raise _Wrong((*path, key), "is no list of texts")
    if key in data and not found:
        raise _Wrong((*path, key), "is empty, which would mean everything; leave it out for that")
    return tuple(found)


def _pairs(data: Mapping[str, Any], key: str, path: Path) -> dict[str, str]:
    found = data.get(key, {})
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise _Wrong((*path, key), "is no table of texts")
    return dict(found)
