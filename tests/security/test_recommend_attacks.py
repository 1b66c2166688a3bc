"""Recommendations must not tell what somebody must not know, nor let one person say what all get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from access_hosts import audited, refusal_of
from recommend_hosts import Shop, names, part, shop

from hyperhost.errors import AccessDeniedError


def stocked(made: Shop) -> None:
    for name, words in (("auth", "logs people in"), ("log", "writes people"), ("db", "keeps rows")):
        made.put(name, metadata={"description": words})
    made.put("web", "auth", "log")


QUESTIONS: list[dict[str, Any]] = [
    {},
    {"artifact": "org.acme/auth"},
    {"using": ["org.acme/auth", "org.acme/db"]},
    {"text": "people who keep secret rows"},
    {"namespace": "org.acme"},
]


def answers(made: Shop) -> list[Any]:
    return [made.ask("out", **each) for each in QUESTIONS]


def test_private_artifacts_and_their_use_change_no_answer_to_somebody_else() -> None:
    with shop() as made:
        stocked(made)
        made.crowd("auth", "log")
        before = answers(made)
        told = {"description": "secret rows people logs keeps", "author": "Ann"}
        for number in range(8):
            made.put(f"hidden-{number}", "auth", "db", visibility="private", metadata=told)
        made.put("log", "hidden-1", visibility="private", version="9.0.0", metadata=told)
        for number in range(5):
            made.use(f"in{number}", "hidden-1", "hidden-2", roles=("admin",))
        assert answers(made) == before
        mine = made.owner.run("recommend", artifact="org.acme/auth", limit=50)["items"]
        assert mine == [], "the owner has made all of them"
        told_admin = made.ask("boss", "admin", artifact="org.acme/auth", limit=50)
        assert any(name.startswith("hidden-") for name in names(told_admin))


def test_use_of_a_private_version_is_not_told_by_the_public_one() -> None:
    with shop() as made:
        stocked(made)
        made.put("db", visibility="private", version="9.0.0")
        before = made.ask(artifact="org.acme/auth")
        for number in range(5):
            made.use(f"in{number}", "org.acme/db@9.0.0", "auth", roles=("admin",))
        after = {each["artifact"]: part(each, "collaborative") for each in made.ask(artifact="org.acme/auth")}
        assert "db" in names(before)
        assert after["org.acme/db"]["value"] == 0


def test_a_private_name_is_refused_in_the_words_of_one_that_nobody_has_given() -> None:
    with shop() as made:
        stocked(made)
        hidden = made.put("secret-one", visibility="private")
        asks = made.of("out")
        for argument in ("artifact", "using"):
            there, nothing = (
                refusal_of(asks, "recommend", **{argument: name if argument == "artifact" else [name]})
                for name in ("org.acme/secret-one", "org.acme/secret-two")
            )
            assert there == tuple(each.replace("secret-two", "secret-one") for each in nothing)
            assert "secret-one" not in there[2]
        other = hidden[:-1] + ("0" if hidden[-1] != "0" else "1")
        there, nothing = (refusal_of(asks, "recommend", artifact=each) for each in (hidden, other))
        assert there == tuple(each.replace(other, hidden) for each in nothing)


def test_what_can_no_longer_be_read_is_neither_started_from_nor_named() -> None:
    with shop() as made:
        stocked(made)
        made.put("project-x", visibility="private", metadata={"description": "keeps rows"})
        made.use("bob", "project-x", roles=("admin",))
        assert "project-x" in str(made.ask("bob", "admin"))
        assert "project-x" not in str(made.ask("bob"))


def test_what_fewer_than_three_people_do_is_told_to_nobody() -> None:
    with shop() as made:
        stocked(made)
        made.crowd("auth", "db", count=2)
        found = {each["artifact"]: each for each in made.ask(artifact="org.acme/auth")}
        assert part(found["org.acme/db"], "collaborative")["value"] == 0
        assert part(found["org.acme/db"], "context")["reason"] != "much used in the last 7 days"


def test_nobody_is_named() -> None:
    with shop() as made:
        stocked(made)
        made.crowd("auth", "log", prefix="alice-")
        assert "alice" not in str(made.ask(artifact="org.acme/auth"))


def test_what_is_recommended_to_somebody_else_is_for_auditors(tmp_path: Path) -> None:
    with shop() as made:
        stocked(made)
        made.use("bob", "auth")
        with pytest.raises(AccessDeniedError):
            made.of("eve", "maintainer").run("recommend_for", person="user:bob")
        for operation in ("recommend_status", "recommend_rebuild"):
            with pytest.raises(AccessDeniedError):
                made.of("eve").run(operation)
        # An argument that the operation does not have reaches nothing.
        assert refusal_of(made.of("eve"), "recommend", person="user:bob")[0] == "InvalidInputError"
        found = made.of("chief", "admin").run("recommend_for", person="user:bob")["items"]
        assert "auth" not in names(found)
        assert audited(made.registry)[0]["operation"] == "recommend_for"


def test_one_person_cannot_make_a_pair_however_often_they_try() -> None:
    with shop() as made:
        stocked(made)
        for _ in range(30):
            made.use("mallory", "auth", "db")
        found = {each["artifact"]: each for each in made.ask(artifact="org.acme/auth")}
        assert part(found["org.acme/db"], "collaborative")["value"] == 0
        assert made.state.uses <= 2 + 4, "those of the owner, who has made them, and two more"


def test_people_are_not_in_the_file_by_name(tmp_path: Path) -> None:
    with shop(tmp_path) as made:
        stocked(made)
        made.crowd("auth", "log", prefix="alice-")
        assert made.state.people == 4
    for file in (tmp_path / "data" / "recommend").iterdir():
        assert b"alice" not in file.read_bytes(), file


def test_what_is_private_is_written_into_the_audit_log() -> None:
    with shop() as made:
        stocked(made)
        made.ask("out")
        assert all(entry["operation"] != "recommend" for entry in audited(made.registry))
        made.put("hidden", visibility="private")
        made.ask("boss", "admin")
        assert audited(made.registry)[0]["operation"] == "recommend"
