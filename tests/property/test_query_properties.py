"""Writing a tree as text and reading it gives the same tree; no text makes the parser fail otherwise."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hyperhost.errors import QuerySyntaxError
from hyperhost.query import (
    And,
    Boost,
    Compare,
    Exact,
    Fuzzy,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
    parse,
    to_text,
)

WORD = st.from_regex(r"[a-zA-Z0-9é][a-z0-9.é-]{0,6}", fullmatch=True).filter(
    lambda text: text not in ("AND", "OR", "NOT")
)
ONE = st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True)
QUOTED = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=8)
TEXT_FIELDS = st.sampled_from(["", "name", "description", "body"])
NUMBERS = st.floats(-1e6, 1e6).map(lambda number: round(number, 6) + 0.0)
MOMENTS = st.integers(0, 4 * 10**15).map(float)

LEAVES = st.one_of(
    st.builds(Word, WORD, TEXT_FIELDS),
    st.builds(Prefix, WORD, st.sampled_from(["", "name", "tags"])),
    st.builds(Fuzzy, ONE, TEXT_FIELDS, st.sampled_from([1, 2])),
    st.builds(Phrase, QUOTED, TEXT_FIELDS),
    st.builds(Exact, st.sampled_from(["tags", "author", "name", "namespace"]), QUOTED | WORD),
    st.builds(
        Compare,
        st.sampled_from(["rating", "downloads"]),
        st.sampled_from(["<", "<=", ">", ">=", "="]),
        NUMBERS,
    ),
    st.builds(Compare, st.just("created"), st.sampled_from(["<", "<=", ">", ">=", "="]), MOMENTS),
)


def joined(kind: type[And] | type[Or], nodes: list[Node]) -> Node:
    """As the parser joins: what is of the same kind becomes one."""
    flat = [part for node in nodes for part in (node.items if isinstance(node, kind) else (node,))]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda nodes: joined(And, nodes)),
        st.lists(inner, min_size=2, max_size=3).map(lambda nodes: joined(Or, nodes)),
        st.builds(Not, inner),
        st.builds(Boost, inner, st.sampled_from([0.5, 2.0, 10.0])),
    ),
    max_leaves=8,
)


@given(TREES)
def test_a_tree_that_is_written_reads_as_the_same_tree(tree: Node) -> None:
    assert parse(to_text(tree)) == tree


@given(st.text(max_size=60) | st.text('ab()"-^~*:=<>, ORANDT1.\\', max_size=60))
def test_any_text_is_a_query_or_a_typed_error_within_it(text: str) -> None:
    place = len(text)
    try:
        tree = parse(text)
    except QuerySyntaxError as error:
        place = error.position
    else:
        assert parse(to_text(tree)) == tree
    assert 0 <= place <= len(text)
