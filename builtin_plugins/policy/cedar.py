"""Rules as Cedar policies, as far as Cedar can express them (https://docs.cedarpolicy.com).

Fields go into the request's context under their dotted names, and every one is asked for with
``has`` first: a policy that trips over a missing attribute would be left out, which is no way to
deny anything. Rules that deny become ``forbid``, all others ``permit``, in sets of their own, so
that Cedar names every rule that matches and not only those that decide.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from hyperhost.contracts import PolicyAction
from hyperhost.errors import RefusalError

from .fields import Kind, kind_of
from .rules import AllOf, Comparison, Condition, Not, Rule, fields_of

__all__ = ["CedarRules", "cedar_of"]

_ANYBODY: Final = {"principal": 'User::"any"', "action": 'Action::"any"', "resource": 'Resource::"any"'}
"""Who asks for what is in the context, too: Cedar takes an id only as it would write it itself."""

_MAX_PARTS: Final = 200
"""Comparisons of one rule; with more of them Cedar's parser would take long, or all of the stack."""


class CedarRules:
    """The rules of one policy that Cedar judges; parsed once, when they are first asked.

    Args:
        rules: Those that :func:`cedar_of` can write.

    Attributes:
        text: The policies, as Cedar has them.
        fields: What they ask about.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._groups: list[tuple[list[Rule], str]] = []
        for deny in (True, False):
            group = [rule for rule in rules if (rule.action is PolicyAction.DENY) is deny]
            if group:
                self._groups.append((group, "\n".join(str(cedar_of(rule)) for rule in group)))
        self._sets: list[tuple[list[Rule], Any]] | None = None
        self.text = "".join(f"{text}\n" for _, text in self._groups)
        self.fields = tuple(sorted({field for rule in rules for field in fields_of(rule.when)}))

    def matching(self, values: Mapping[str, Any], policy: str = "") -> set[str]:
        """Ids of the rules that match.

        Args:
            values: Values of the fields that are there.
            policy: Name of the policy, for the refusal.

        Raises:
            RefusalError: ``policy:POLICY:cedar``: Cedar could not judge one of them.
        """
        import cedarpy

        request = {**_ANYBODY, "context": dict(values)}
        found: set[str] = set()
        for group, parsed in self._parsed(policy):
            result = cedarpy.is_authorized(request, parsed, _no_entities())
            if result.diagnostics.errors or result.decision is cedarpy.Decision.NoDecision:
                raise RefusalError(
                    f"the policy {policy!r} could not be judged, so it denies",
                    f"policy:{policy}:cedar",
                    hint="; ".join(result.diagnostics.errors)[:300],
                )
            # Cedar calls a policy by its place in the text, whatever its @id says.
            found |= {group[int(name.removeprefix("policy"))].id for name in result.diagnostics.reasons}
        return found

    def _parsed(self, policy: str) -> list[tuple[list[Rule], Any]]:
        if self._sets is None:
            import cedarpy

            try:
                parsed = [(group, cedarpy.PolicySet.from_str(text)) for group, text in self._groups]
            except ValueError as error:
                raise RefusalError(
                    f"the policy {policy!r} could not be compiled, so it denies",
                    f"policy:{policy}:cedar",
                    hint=str(error)[:300],
                ) from None
            self._sets = parsed
        return self._sets


@cache
def _no_entities() -> Any:
    """Read once: what everything depends on is in the context."""
    import cedarpy

    return cedarpy.Entities.from_json_str("[]")


def cedar_of(rule: Rule) -> str | None:
    """A rule as a Cedar policy; ``None`` when Cedar cannot express it."""
    if len(list(fields_of(rule.when))) > _MAX_PARTS:
        return None
    body = "true" if rule.when is None else _written(rule.when)
    if body is None:
        return None
    effect = "forbid" if rule.action is PolicyAction.DENY else "permit"
    return (
        f"@id({_quoted(rule.id)})\n@action({_quoted(rule.action.value)})\n"
        f"{effect} (principal, action, resource)\nwhen {{ {body} }};"
    )


def _written(condition: Condition) -> str | None:
    if isinstance(condition, Comparison):
        return _comparison(condition)
    if isinstance(condition, Not):
        inner = _written(condition.part)
        return None if inner is None else f"!({inner})"
    parts = [_written(part) for part in condition.parts]
    if any(part is None for part in parts):
        return None
    return f" {'&&' if isinstance(condition, AllOf) else '||'} ".join(f"({part})" for part in parts)


def _comparison(asked: Comparison) -> str | None:
    kind = kind_of(asked.field)
    write = _WRITERS.get((kind, asked.operator)) if kind is not None else None
    if write is None:
        return None
    name = _quoted(asked.field)
    return f"context has {name} && {write(f'context[{name}]', asked.value)}"


def _literal(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(each) for each in value)}]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str, *, pattern: bool = False) -> str:
    """Text as a string of Cedar: whatever is not plain is written by its number."""
    special = '"\\*' if pattern else '"\\'
    plain = "".join(char if " " <= char <= "~" and char not in special else _escaped(char) for char in text)
    return f'"*{plain}*"' if pattern else f'"{plain}"'


def _escaped(char: str) -> str:
    if char == "*":
        return "\\*"
    # Half of a surrogate pair is no Unicode text, and Cedar has no way to write it.
    code = 0xFFFD if 0xD800 <= ord(char) <= 0xDFFF else ord(char)
    return f"\\u{{{code:x}}}"


_WRITERS: Final[dict[tuple[Kind, str], Callable[[str, Any], str]]] = {
    **{
        (kind, "equals"): lambda place, value: f"{place} == {_literal(value)}"
        for kind in (Kind.TEXT, Kind.VERSION, Kind.NUMBER, Kind.FLAG)
    },
    **{
        (kind, "in"): lambda place, value: f"{_literal(value)}.contains({place})"
        for kind in (Kind.TEXT, Kind.VERSION, Kind.NUMBER)
    },
    **{
        (kind, "contains"): lambda place, value: f"{place} like {_quoted(value, pattern=True)}"
        for kind in (Kind.TEXT, Kind.VERSION)
    },
    (Kind.WORDS, "contains"): lambda place, value: f"{place}.contains({_literal(value)})",
    (Kind.WORDS, "in"): lambda place, value: f"{place}.containsAny({_literal(value)})",
    (Kind.NUMBER, "greater-than"): lambda place, value: f"{place} > {_literal(value)}",
    (Kind.NUMBER, "less-than"): lambda place, value: f"{place} < {_literal(value)}",
}
