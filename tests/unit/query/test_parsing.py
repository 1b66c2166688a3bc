"""The query language: what is understood, and what an error says of what is not."""

from __future__ import annotations

import pytest

from hyperhost.errors import QuerySyntaxError
from hyperhost.query import (
    And,
    Boost,
    Compare,
    Everything,
    Exact,
    Fuzzy,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
    parse,
    to_text,
)

DAY = 86_400_000_000.0
NEW_YEAR = 1_767_225_600_000_000.0  # 2026-01-01


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", Everything()),
        ("auth", Word("auth")),
        ("auth*", Prefix("auth")),
        ("auth~ oauht~2", And((Fuzzy("auth"), Fuzzy("oauht", distance=2)))),
        ('"exact phrase"', Phrase("exact phrase")),
        (r'"say \"hi\" \\"', Phrase('say "hi" \\')),
        ("name:auth", Word("auth", "name")),
        ("NAME:auth", Word("auth", "name")),
        ('description:"open id"', Phrase("open id", "description")),
        ("name=auth-core", Exact("name", "auth-core")),
        ("type:plugin", Exact("type", "plugin")),
        ("type != plugin", Not(Exact("type", "plugin"))),
        ("tags:security,production", Or((Exact("tags", "security"), Exact("tags", "production")))),
        ("tags:sec*", Prefix("sec", "tags")),
        ("author:'Jane'", Exact("author", "'Jane'")),
        ('author:"Jane Doe"', Exact("author", "Jane Doe")),
        ("rating>=4", Compare("rating", ">=", 4.0)),
        ("downloads>100", Compare("downloads", ">", 100.0)),
        ("rating:3..4.5", And((Compare("rating", ">=", 3.0), Compare("rating", "<=", 4.5)))),
        ("downloads:100..", Compare("downloads", ">=", 100.0)),
        ("created>2026-01-01", Compare("created", ">=", NEW_YEAR + DAY)),
        ("created<=2026-01-01", Compare("created", "<", NEW_YEAR + DAY)),
        (
            "created:2026-01-01",
            And((Compare("created", ">=", NEW_YEAR), Compare("created", "<", NEW_YEAR + DAY))),
        ),
        ("created>2026-01-01T00:00:01Z", Compare("created", ">", NEW_YEAR + 1_000_000)),
        ("published=true", Exact("published", "true")),
        ("-legacy", Not(Word("legacy"))),
        ("NOT legacy", Not(Word("legacy"))),
        ("a-b --c", And((Word("a-b"), Not(Not(Word("c")))))),
        ("a b OR c AND d", Or((And((Word("a"), Word("b"))), And((Word("c"), Word("d")))))),
        ("a (b OR c)", And((Word("a"), Or((Word("b"), Word("c")))))),
        ("auth^2.5 (a OR b)^3", And((Boost(Word("auth"), 2.5), Boost(Or((Word("a"), Word("b"))), 3.0)))),
        ("or and ORDER ANDROID NOTE", And(tuple(map(Word, ["or", "and", "ORDER", "ANDROID", "NOTE"])))),
        ("السلام 🎉", And((Word("السلام"), Word("🎉")))),
        (
            "(type=plugin OR type=library) AND published=true",
            And((Or((Exact("type", "plugin"), Exact("type", "library"))), Exact("published", "true"))),
        ),
    ],
)
def test_what_is_written_means(text: str, tree: object) -> None:
    assert parse(text) == tree
    assert parse(to_text(parse(text))) == tree


@pytest.mark.parametrize(
    ("text", "position", "rule", "words"),
    [
        ("(auth", 5, "syntax", "a '(' is never closed"),
        ("auth)", 4, "syntax", "this ')' closes nothing"),
        ("()", 1, "syntax", "there is nothing before this ')'"),
        ('say "hi', 4, "syntax", "this quotation mark is never closed"),
        ("auth OR", 7, "syntax", "ends too early"),
        ("OR auth", 0, "syntax", "OR joins nothing here"),
        ("a - b", 2, "syntax", "'-' cannot stand here"),
        ("a*b", 1, "syntax", "at the end of a word only"),
        ("* b", 0, "syntax", "nothing before this '*'"),
        ("tags:", 5, "syntax", "ends too early"),
        ("a ~1", 2, "syntax", "'~' cannot stand here"),
        ("a-b~", 0, "syntax", "not one word"),
        ("a~3", 1, "value", "no distance"),
        ("a^0", 1, "value", "no boost"),
        ("a^1000", 1, "value", "up to 100"),
        ("x nmae:auth", 2, "field", "did you mean 'name'?"),
        ("http://acme.test", 0, "field", "there is no field 'http'"),
        ("type:plugn", 5, "value", "did you mean 'plugin'?"),
        ("type>plugin", 4, "syntax", "no order"),
        ("description=auth", 12, "syntax", "not compared as a whole"),
        ("rating>=good", 8, "value", "'good' is no number"),
        ("rating>=1,2", 6, "syntax", "takes one value"),
        ("rating>1..2", 7, "value", "no value to compare with"),
        ("rating:..", 7, "value", "no value to compare with"),
        ("created>yesterday", 8, "value", "no date"),
        ("created>2026-02-30", 8, "value", "2026-02-30"),
        ("created>2026-01-01T10:00:00", 8, "value", "time zone"),
        ("published:maybe", 10, "value", "neither true nor false"),
        ("rating~1", 0, "syntax", ""),
        ("author:jane~", 11, "syntax", "compared as a whole"),
    ],
)
def test_an_error_points_at_the_character(text: str, position: int, rule: str, words: str) -> None:
    if not words:
        assert parse(text) == Fuzzy("rating")
        return
    with pytest.raises(QuerySyntaxError) as caught:
        parse(text)
    error = caught.value
    assert (error.position, error.rule) == (position, rule)
    assert f"character {position + 1}:" in error.message
    assert words in str(error)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a" * 100_000, "length"),
        ("(" * 4_000, "depth"),
        ("(" * 1_000 + "a" + ")" * 1_000, "depth"),
        ("-" * 3_000 + "a", "depth"),
        ("NOT " * 900 + "a", "depth"),
        ("-(" * 500 + "a", "depth"),
        ("a " * 1_900, "terms"),
        ("a OR " * 700 + "a", "terms"),
        ('"' + "a " * 1_000 + '"', "terms"),
        ("tags:" + "a," * 1_500 + "a", "terms"),
        ('"' * 3_999, "syntax"),
        ("a" * 1_000 + "\0", "character"),
        ("\ud800", "character"),
        ("\x1b[31m", "character"),
        ("a^" + "9" * 3_000, "value"),
        ("rating>" + "9" * 3_000, "value"),
        ("created>" + "9" * 3_000, "value"),
        ("x:" * 1_500, "field"),
        ("\\" * 2_000 + '"', "syntax"),
        ("a*" * 1_500, "syntax"),
        ("(a|a)*" * 500 + "$", "syntax"),
    ],
)
def test_hostile_text_ends_with_a_typed_error(text: str, rule: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(text)
    assert caught.value.rule == rule
    assert len(str(caught.value)) < 500


def test_a_filter_of_the_registrys_own_may_be_longer() -> None:
    text = " OR ".join(f"namespace=org.n{number}" for number in range(1_000))
    with pytest.raises(QuerySyntaxError, match="4,000 are the most"):
        parse(text)
    assert len(parse(text, trusted=True).items) == 1_000
    with pytest.raises(QuerySyntaxError, match="200,000 are the most"):
        parse("a" * 200_001, trusted=True)
