"""Cedar and the built-in evaluator answer alike, whatever the rule and the values."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from builtin_plugins.policy.cedar import CedarRules, cedar_of
from builtin_plugins.policy.conditions import MISSING, holds
from builtin_plugins.policy.fields import OPERATORS_OF, Kind
from builtin_plugins.policy.rules import AllOf, AnyOf, Comparison, Condition, Not, Rule
from hyperhost.contracts import IssueSeverity, PolicyAction, PolicyEnforcement

FIELDS = {
    Kind.TEXT: ("artifact.name", "artifact.labels.a.b/c", "user.attributes.x y"),
    Kind.NUMBER: ("artifact.size", "artifact.secret_count"),
    Kind.FLAG: ("artifact.signed",),
    Kind.WORDS: ("artifact.tags", "user.roles"),
}
texts = st.text(st.sampled_from("ab*\\\"'\u2028\u00e9\U0001f600{}$\n\0"), max_size=4)
numbers = st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 2)
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: texts,
    Kind.NUMBER: numbers,
    Kind.FLAG: st.booleans(),
    Kind.WORDS: st.lists(texts, max_size=3),
}


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    kind = draw(st.sampled_from(list(FIELDS)))
    operator: Any = draw(st.sampled_from([each for each in OPERATORS_OF[kind] if each != "matches"]))
    single = texts if kind is Kind.WORDS else VALUES[kind]
    value = tuple(draw(st.lists(single, min_size=1, max_size=3))) if operator == "in" else draw(single)
    return Comparison(draw(st.sampled_from(FIELDS[kind])), operator, value)


conditions: st.SearchStrategy[Condition] = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
facts = st.fixed_dictionaries(
    {}, optional={name: VALUES[kind] for kind, names in FIELDS.items() for name in names}
)


@settings(max_examples=300, deadline=None)
@given(st.lists(conditions, min_size=1, max_size=12), facts, st.sampled_from(list(PolicyAction)))
def test_both_engines_give_the_same_answer(
    given_conditions: list[Condition], values: dict[str, Any], action: PolicyAction
) -> None:
    rules = [
        Rule(f"r{number}", action, each, IssueSeverity.LOW, PolicyEnforcement.MANDATORY)
        for number, each in enumerate(given_conditions)
    ]
    assert all(cedar_of(rule) is not None for rule in rules)
    compiled = CedarRules(rules)
    there = {name: value for name, value in values.items() if name in compiled.fields}
    found = compiled.matching(there, "p")
    expected = {rule.id for rule in rules if holds(rule.when, lambda name: values.get(name, MISSING)) is True}
    assert found == expected
