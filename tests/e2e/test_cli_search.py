"""``hyperhost search``, each a process of its own on a real home with SQLite."""

from __future__ import annotations

from cli_shell import Shell


def create(shell: Shell, name: str, kind: str, description: str, *more: str) -> None:
    shell.ok(
        *("artifact", "create", "--name", f"org.acme/{name}", "--type", kind, "--version", "1.0.0"),
        *("--description", description, *more),
    )


def test_search_finds_what_other_processes_create(registry: Shell) -> None:
    create(registry, "auth", "library", "Logs people in with OAuth2")
    create(registry, "billing", "library", "Sends invoices to people")
    home = registry.home if hasattr(registry, "home") else None
    found = registry.ok("search", "people -invoices", "--explain", "--facet", "type", "-o", "json").data
    assert (found["total"], [hit["artifact"] for hit in found["hits"]]) == (1, ["org.acme/auth@1.0.0"])
    assert found["facets"] == [{"name": "type", "values": [{"value": "library", "count": 1}]}]
    assert "people" in found["hits"][0]["explanation"]
    assert found["hits"][0]["highlights"][0]["field_name"] == "description"
    table = registry.ok("search", "people", "--sort", "created:asc", "--facet", "namespace")
    lines = table.out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == [
        "ARTIFACT",
        "org.acme/auth@1.0.0",
        "org.acme/billing@1.0.0",
    ]
    assert "Logs people in" in lines[1]
    assert lines[-1].split() == ["namespace", "org.acme", "2"]
    guessed = registry.ok("search", "peeple")
    assert "nothing was found for 'peeple'" in guessed.err
    assert "org.acme/auth@1.0.0" in guessed.out
    assert "1 of 2" in registry.ok("search", "people", "--limit", "1").err
    assert registry.ok("search", "--filter", "name=auth", "--quiet").out == "org.acme/auth@1.0.0\n"
    assert "nothing was found" in registry.ok("search", "zebras").err
    # Nothing is selected, and tantivy is installed.
    assert home is None or (home / "data" / "search-tantivy" / "position.json").is_file()
    status = registry.ok("search", "--status", "-o", "json").data
    assert (status["documents"], status["behind"], status["rebuilding"]) == (2, 0, False)
    rebuilt = registry.ok("search", "--rebuild", "-o", "json").data
    assert (rebuilt["documents"], rebuilt["behind"]) == (2, 0)


def test_the_engine_that_is_selected_builds_its_index_with_the_next_search(registry: Shell) -> None:
    create(registry, "auth", "library", "Logs people in with OAuth2")
    assert registry.ok("search", "people", "--quiet").out == "org.acme/auth@1.0.0\n"
    settings = registry.home / "hyperhost.toml"
    before = settings.read_text()
    assert "search" not in before
    for engine in ("search-whoosh", "search-sql"):
        settings.write_text(before.replace("[providers]\n", f'[providers]\nsearch = "{engine}"\n', 1))
        create(registry, f"o-{engine}", "library", "Logs more people in")
        found = registry.ok("search", "people", "--explain", "-o", "json").data
        assert "org.acme/auth@1.0.0" in {hit["artifact"] for hit in found["hits"]}
        assert f"org.acme/o-{engine}@1.0.0" in {hit["artifact"] for hit in found["hits"]}
        assert "people" in found["hits"][0]["explanation"]
        assert "nothing was found for 'peeple'" in registry.ok("search", "peeple").err
    assert (registry.home / "data" / "search-whoosh" / "position.json").is_file()
    settings.write_text(before)
    again = registry.ok("search", "people", "-o", "json").data
    assert {hit["artifact"] for hit in again["hits"]} == {hit["artifact"] for hit in found["hits"]}


def test_what_cannot_be_searched_for_is_said(registry: Shell) -> None:
    for arguments, words in (
        (("search",), "nothing to search for"),
        (("search", "(auth"), "character 6: a '(' is never closed"),
        (("search", "nmae:auth"), "did you mean 'name'?"),
        (("search", "auth", "--sort", "ratign"), "did you mean 'rating'?"),
        (("search", "auth", "--sort", "rating:up"), "rating:asc"),
        (("search", "auth", "--facet", "tpye"), "did you mean 'type'?"),
        (("search", "auth", "--status"), "stand alone"),
    ):
        done = registry(*arguments)
        assert done.status != 0
        assert words in done.err.replace("\n", " "), arguments


def test_status_rebuild_and_explain_stand_in_place_of_a_query_or_before_it(registry: Shell) -> None:
    create(registry, "auth", "library", "Shows the status of people")
    status = registry.ok("search", "status", "-o", "json").data
    assert {"documents", "behind", "semantic"} <= set(status)
    assert registry.ok("search", "rebuild", "-o", "json").data["documents"] == 1
    explained = registry.ok("search", "explain", "status", "people", "-o", "json").data
    assert (explained["query"], explained["total"]) == ("status people", 1)
    assert "people" in explained["hits"][0]["explanation"]
    assert registry.ok("search", '"status"', "--quiet").out == "org.acme/auth@1.0.0\n"
    both = registry("search", "people", "--semantic", "--hybrid")
    assert both.status != 0
    assert "exclude each other" in both.err.replace("\n", " ")
