"""``hyperhost graph``, each a process of its own on a real home with SQLite."""

from __future__ import annotations

from pathlib import Path

from cli_shell import Shell


def create(shell: Shell, name: str, *needs: str) -> None:
    draft = f"name: org.acme/{name}\ntype: library\nversion: 1.0.0\nmetadata: {{tags: [ops], author: Jane}}\n"
    draft += "dependencies:\n" if needs else ""
    draft += "".join(f"- {{artifact: org.acme/{each}, constraint: ^1.0.0}}\n" for each in needs)
    file = shell.home.parent / f"{name}.yaml"
    file.write_text(draft)
    shell.ok("artifact", "create", str(file))


def test_the_graph_is_shown_drawn_and_asked(registry: Shell, tmp_path: Path) -> None:
    for name, *needs in (("log",), ("db", "log"), ("web", "db", "log"), ("app", "web", "ghost")):
        create(registry, name, *needs)
    shown = registry.ok(
        "graph", "show", "org.acme/app", "--kind", "depends", "--depth", "0", "--format", "text"
    )
    assert shown.out.splitlines()[0] == "org.acme/app 1.0.0"
    assert "org.acme/ghost [^1.0.0] (missing)" in shown.out
    assert "org.acme/ghost is not there" in shown.err
    table = registry.ok("graph", "show", "tag:ops", "--kind", "tag").out.splitlines()
    assert (table[0].split()[:3], len(table)) == (["SOURCE", "EDGE", "TARGET"], 5)
    picture = tmp_path / "graph.svg"
    registry.ok("graph", "show", "org.acme/web", "--file", str(picture))
    assert picture.read_text().startswith("<svg")
    assert "flowchart LR" in registry.ok("graph", "clusters", "--format", "mermaid").out

    impact = registry.ok("graph", "impact", "org.acme/log")
    assert [line.split()[0] for line in impact.out.splitlines()[1:]] == [
        "org.acme/db", "org.acme/web", "org.acme/app",
    ]  # fmt: skip
    assert "3 in all (2 at depth 1, 1 at depth 2), 0 downloads, score 2.5" in impact.err
    data = registry.ok("graph", "impact", "org.acme/log", "--limit", "1", "-o", "json").data
    assert (data["total"], data["more"], len(data["artifacts"])) == (3, 2, 1)
    assert "total: 3" in registry.ok("graph", "impact", "org.acme/log", "-o", "yaml").out

    way = registry.ok("graph", "path", "org.acme/app", "org.acme/log", "-o", "json").data
    assert [node["name"] for node in way["nodes"]] == ["org.acme/app", "org.acme/web", "org.acme/log"]
    none = registry("graph", "path", "org.acme/log", "org.acme/app")
    assert (none.status, "there is no way" in none.err) == (1, True)
    assert registry.ok("graph", "path", "org.acme/log", "org.acme/app", "--any", "-q").out
    similar = registry.ok("graph", "similar", "org.acme/web")
    assert similar.out.split()[:6] == ["ARTIFACT", "SCORE", "CONTENT", "METADATA", "USAGE", "DEPENDENCIES"]
    assert "by Jane" in similar.out
    clusters = registry.ok("graph", "clusters", "-o", "json").data
    assert clusters["clusters"][0]["size"] == 4
    assert (registry.home / "data" / "graph" / "graph.npz").exists()


def test_what_is_no_node_is_said_with_what_could_be_meant(registry: Shell) -> None:
    create(registry, "web")
    for arguments, status, words in (
        (("show", "org.acme/wbe"), 1, "did you mean 'org.acme/web'?"),
        (("show", "tag:opps"), 1, "did you mean 'ops'?"),
        (("impact", "org.acme/none"), 1, "there is no artifact org.acme/none"),
        (("show", "web"), 1, "no namespace is given"),
        (("show", "org.acme/web", "--limit", "0"), 2, "--limit"),
        (("show", "org.acme/web", "--depth", "-1"), 2, "--depth"),
        (("show", "org.acme/web", "--kind", "likes"), 2, "likes"),
    ):
        done = registry("graph", *arguments)
        assert done.status == status, (arguments, done.err)
        assert words in done.err.replace("\n", " "), (arguments, done.err)
