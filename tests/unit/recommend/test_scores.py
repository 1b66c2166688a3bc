"""What recommendations are made of: each part by itself, and all of them together."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from recommend_hosts import Shop, names, part, shop

import hyperhost
from builtin_plugins.recommend.licences import fits
from builtin_plugins.recommend.operations import Asked, table
from builtin_plugins.recommend.records import terms_of
from builtin_plugins.recommend.settings import PARTS, settings_of
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.contracts import OperationCall, OperationOutcome
from hyperhost.errors import ConfigError, HyperHostError, InvalidInputError, NotFoundError
from hyperhost.hookspecs import hookimpl
from hyperhost.query.document import popularity, quality


def test_what_people_use_together_is_recommended_and_says_so() -> None:
    with shop() as made:
        for name in ("auth", "log", "other"):
            made.put(name)
        made.crowd("auth", "log")
        [first, *_] = made.ask(artifact="org.acme/auth")
        assert first["artifact"] == "org.acme/log"
        assert first["reasons"][0] == "used by people who use org.acme/auth"
        # Three people, each of whom has used both: 3 / (sqrt(3 * 3) + 3).
        assert part(first, "collaborative")["value"] == 0.5
        assert part(made.ask(artifact="org.acme/auth")[1], "collaborative")["value"] == 0


def test_a_score_is_the_sum_of_its_parts_and_the_weights_are_one() -> None:
    with shop() as made:
        made.put("auth", metadata={"description": "logs people in with tokens"})
        made.put("oauth", metadata={"description": "tokens for people", "licenses": ["MIT"]})
        made.crowd("auth", "oauth")
        for item in made.ask(artifact="org.acme/auth"):
            assert [each["name"] for each in item["parts"]] == list(PARTS)
            assert sum(each["weight"] for each in item["parts"]) == pytest.approx(1)
            assert item["score"] == pytest.approx(sum(each["contribution"] for each in item["parts"]))
            for each in item["parts"]:
                assert 0 <= each["value"] <= 1
                assert each["contribution"] == pytest.approx(each["weight"] * each["value"], abs=1e-4)


def test_content_is_the_cosine_of_words_weighed_by_how_rare_they_are() -> None:
    with shop() as made:
        made.put("one", metadata={"description": "alpha beta"})
        made.put("two", metadata={"description": "alpha gamma"})
        made.put("three", metadata={"description": "delta"})
        found = {each["artifact"]: each for each in made.ask(artifact="org.acme/one")}
        # Three public artifacts; alpha is in two of them, beta and one in one.
        own, other = terms_of("one", "", "alpha beta"), terms_of("two", "", "alpha gamma")
        rare = {"alpha": math.log(1 + 3 / 3), "beta": math.log(1 + 3 / 2), "one": math.log(1 + 3 / 2)}
        length = math.sqrt(sum((own[word] * rare[word]) ** 2 for word in own))
        expected = own["alpha"] * rare["alpha"] / length * other["alpha"]
        content = part(found["org.acme/two"], "content")
        assert content["value"] == pytest.approx(expected, abs=1e-3)
        assert content["reason"] == "it is about alpha, too"
        assert part(found["org.acme/three"], "content")["value"] == 0


def test_words_say_what_is_looked_for() -> None:
    with shop() as made:
        made.put("mail", metadata={"description": "sends letters"})
        made.put("disk", metadata={"description": "stores blocks"})
        [first, *_] = made.ask(text="who stores my blocks?")
        assert first["artifact"] == "org.acme/disk"


def test_what_replaces_a_deprecated_artifact_comes_first() -> None:
    with shop() as made:
        old = made.put("old-auth")
        made.put("new-auth")
        made.put("other")
        made.owner.run("deprecate", artifact=old, reason="old", replacement="org.acme/new-auth")
        [first, *_] = made.ask(artifact="org.acme/old-auth")
        assert first["artifact"] == "org.acme/new-auth"
        assert first["reasons"][0] == "it replaces org.acme/old-auth, which is deprecated"
        assert part(first, "knowledge")["value"] == 1


def test_what_needs_it_and_what_is_needed_with_it_is_known() -> None:
    with shop() as made:
        made.put("core")
        made.put("plug")
        for name in ("web", "app", "job"):
            made.put(name, "core", "plug")
        found = {each["artifact"]: part(each, "knowledge") for each in made.ask(artifact="org.acme/core")}
        assert found["org.acme/plug"]["reason"] == "what needs org.acme/core often needs it, too"
        assert found["org.acme/web"]["reason"] == "it builds on org.acme/core"
        assert found["org.acme/plug"]["value"] > found["org.acme/web"]["value"] > 0


def test_a_licence_that_does_not_fit_is_said_and_halves_what_is_known() -> None:
    with shop() as made:
        made.put("mine", metadata={"licenses": ["MIT"]})
        made.put("free", metadata={"licenses": ["Apache-2.0"]})
        made.put("strict", metadata={"licenses": ["GPL-3.0-only"]})
        found = {each["artifact"]: part(each, "knowledge") for each in made.ask(artifact="org.acme/mine")}
        assert found["org.acme/free"]["value"] == pytest.approx(1 - 0.9 * 0.9)
        assert found["org.acme/strict"]["value"] == pytest.approx(0.05)
        assert found["org.acme/strict"]["reason"].endswith("its licence GPL-3.0-only may not fit")


@pytest.mark.parametrize(
    ("licences", "project", "answer"),
    [
        (["MIT"], ["GPL-3.0-only"], True),
        (["GPL-3.0-only"], ["MIT"], False),
        (["LGPL-2.1-only"], ["MIT"], True),
        (["MIT OR GPL-2.0-only"], ["MIT"], True),
        (["MIT AND GPL-2.0-only"], ["MIT"], False),
        (["AGPL-3.0-only"], ["GPL-3.0-only"], False),
        (["GPL-2.0-only WITH Classpath-exception-2.0"], ["MIT"], True),
        (["LicenseRef-acme"], ["MIT"], None),
        ([], ["MIT"], None),
        (["MIT"], [], None),
    ],
)
def test_licences_fit_by_families(licences: list[str], project: list[str], answer: bool | None) -> None:
    assert fits(licences, project) is answer


def test_type_and_namespace_leave_out_everything_else() -> None:
    with shop() as made:
        made.put("lib")
        made.put("org.acme.web/page", type="theme")
        made.put("org.acmex/near", type="theme")
        assert names(made.ask(type="theme", namespace="org.acme")) == ["page"]
        assert names(made.ask(namespace="org.acme.web")) == ["page"]
        assert made.ask(namespace="org.other") == []


def test_what_was_used_lately_counts_for_as_long_as_it_was() -> None:
    with shop() as made:
        for name in ("auth", "log"):
            made.put(name)
        made.registry.clock.at_us = time.time_ns() // 1000
        made.crowd("log")
        context = part(made.ask()[0], "context")
        assert context["reason"] == "much used in the last 7 days"
        assert context["value"] == pytest.approx(0.5 * math.log2(4) / 6, abs=1e-4)
        made.registry.clock.wait(8 * 24 * 3600)
        assert all(part(each, "context")["value"] == 0 for each in made.ask())


def test_to_somebody_unknown_the_popular_is_recommended_and_that_is_said() -> None:
    with shop() as made:
        made.put("plain")
        wanted = made.put("wanted", metadata={"description": "what many people do download", "author": "Jo"})
        made.crowd("wanted", count=5)
        [first, *rest] = made.ask("stranger")
        assert first["artifact"] == "org.acme/wanted"
        assert first["reasons"][0].startswith("nothing is known of what you use")
        assert "5 downloads" in first["reasons"][0]
        assert names(rest) == ["plain"]
        stored = made.host.hook.storage_get_artifact(artifact_id=wanted)
        assert (first["popularity"], first["quality"]) == (popularity(stored), quality(stored))


def test_what_one_has_already_is_left_out() -> None:
    with shop() as made:
        for name in ("auth", "log", "db", "mail"):
            made.put(name)
        made.put("web", "log")
        made.use("me", "auth")
        assert "auth" not in names(made.ask("me"))
        assert "auth" in names(made.ask("other"))
        left = names(made.ask("me", artifact="org.acme/web", using=["org.acme/db"]))
        assert sorted(left) == ["mail"], (
            "neither itself, what it needs, what is in use, nor what was downloaded"
        )
        made.of("me", "contributor", "maintainer").run("rate", artifact="org.acme/mail", stars=5)
        assert "mail" not in names(made.ask("me"))


def test_what_is_deprecated_yanked_archived_a_draft_or_gone_is_left_out() -> None:
    with shop() as made:
        ids = {name: made.put(name) for name in ("good", "old", "bad", "away", "gone", "back")}
        made.put("draft", publish=False)
        assert sorted(names(made.ask())) == ["away", "back", "bad", "gone", "good", "old"]
        made.owner.run("deprecate", artifact=ids["old"], reason="old")
        for name in ("bad", "back"):
            made.owner.run("yank", artifact=ids[name], reason="broken")
        made.owner.run("unyank", artifact=ids["back"])
        made.owner.run("archive", artifact=ids["away"])
        made.owner.run("archive", artifact=ids["gone"])
        made.owner.run("delete", artifact=ids["gone"])
        assert sorted(names(made.ask())) == ["back", "good"]
        made.host.hook.recommend_rebuild()
        assert sorted(names(made.ask())) == ["back", "good"]


def test_the_highest_published_version_stands_for_a_name() -> None:
    with shop() as made:
        made.put("lib", version="1.0.0")
        made.put("lib", version="1.2.0")
        made.put("lib", version="2.0.0-rc.1")
        made.put("lib", version="3.0.0", publish=False)
        assert [each["version"] for each in made.ask()] == ["1.2.0"]


def refused(made: Shop, **request: Any) -> HyperHostError:
    with pytest.raises(HyperHostError) as caught:
        made.ask(**request)
    return caught.value


def test_what_is_asked_wrongly_is_refused_with_what_is_right() -> None:
    with shop() as made:
        made.put("auth")
        error = refused(made, artifact="org.acme/auht")
        assert isinstance(error, NotFoundError)
        assert error.hint == "did you mean 'org.acme/auth'?"
        assert (
            refused(made, using=["org.acme/auth", "org.other/auth"]).hint == "did you mean 'org.acme/auth'?"
        )
        for request, field in (
            ({"artifact": "auth"}, "artifact"),
            ({"artifact": "/"}, "artifact"),
            ({"artifact": "org.acme/" + "a" * 5_000}, "artifact"),
            ({"using": ["org.acme/auth", ""]}, "using[1]"),
            ({"using": ["org.acme/auth"] * 1_001}, "using"),
            ({"text": "a" * 4_001}, "text"),
            ({"namespace": "Org/Acme"}, "namespace"),
            ({"limit": 0}, "limit"),
            ({"limit": 1_001}, "limit"),
            ({"type": "car"}, "type"),
        ):
            error = refused(made, **request)
            assert isinstance(error, InvalidInputError), request
            assert error.field == field
        assert "\x1b" not in refused(made, artifact="org.acme/\x1b[2J").message
        assert names(made.ask(text="\u202e 🎉 %_'\"")) == ["auth"]


def test_a_thousand_dependencies_are_taken() -> None:
    with shop() as made:
        made.put("auth")
        made.put("log")
        assert names(made.ask(using=["org.acme/auth"] * 1_000)) == ["log"]


@pytest.mark.parametrize(
    "config",
    [
        {"weights": {"content": math.nan}},
        {"weights": {"content": -1}},
        {"weights": {"content": math.inf}},
        {"weights": {"content": True}},
        {"weights": {"content": "much"}},
        {"weights": {"contents": 1}},
        {"weights": dict.fromkeys(PARTS, 0)},
        {"weights": 3},
        {"weight": {}},
        {"learn": "no"},
        {"least_people": 0},
        {"least_people": 1.5},
        {"recent_days": True},
    ],
)
def test_a_configuration_that_means_nothing_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_of(config)
    assert "plugins.recommend.config" in caught.value.message
    assert caught.value.hint


def test_weights_that_are_not_named_stay_and_all_are_made_one() -> None:
    found = settings_of({"weights": {"content": 0, "quality": 1}}).weights
    assert found["content"] == 0
    assert sum(found.values()) == pytest.approx(1)
    assert found["quality"] / found["collaborative"] == pytest.approx(1 / 0.35)


def test_without_a_provider_it_is_said_what_to_do() -> None:
    class AsksOnly:
        """The operations alone."""

        @hookimpl
        def operation_run(self, call: OperationCall) -> OperationOutcome | None:
            return table().run(call, Asked(call, host.hook))

    with hyperhost.Host("alone") as host:
        host.register(StorageMemory(), "storage")
        host.register(AsksOnly(), "asks")
        with pytest.raises(hyperhost.errors.WrongStateError, match="nothing recommends"):
            hyperhost.Operations(host).run("recommend")
