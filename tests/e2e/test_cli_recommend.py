"""``hyperhost recommend``, each a process of its own on a real home with SQLite."""

from __future__ import annotations

from pathlib import Path

from cli_shell import Shell


def publish(shell: Shell, name: str, description: str, *needs: str) -> None:
    """Create something public with content, and publish it."""
    draft = f"name: org.acme/{name}\ntype: library\nversion: 1.0.0\nvisibility: public\n"
    draft += f"metadata: {{description: {description}, licenses: [MIT]}}\n"
    draft += "dependencies:\n" if needs else ""
    draft += "".join(f"- {{artifact: org.acme/{each}, constraint: ^1.0.0}}\n" for each in needs)
    file = shell.home.parent / f"{name}.yaml"
    file.write_text(draft)
    content = shell.home.parent / "content.txt"
    content.write_text("hello")
    shell.ok("artifact", "create", str(file), "--content", str(content))
    shell.ok("artifact", "publish", f"org.acme/{name}")


def test_recommendations_are_shown_explained_and_written_as_data(registry: Shell, tmp_path: Path) -> None:
    publish(registry, "auth", "logs people in with tokens")
    publish(registry, "web", "serves pages", "auth")
    none = registry.ok("recommend")
    assert "there is nothing to recommend" in none.err, "the owner of the home has made all of it"

    registry.ok("user", "create", "ann", "--role", "user", "--no-password")
    made = registry.ok("apikey", "create", "ci", "--user", "ann", "--scope", "artifact:read")
    token = ("--token", made.out.strip())
    shown = registry.ok("recommend", *token)
    assert shown.out.split()[:3] == ["ARTIFACT", "SCORE", "WHY"]
    assert "nothing is known of what you use" in shown.out
    with_auth = registry.ok("recommend", "org.acme/auth", *token).out.splitlines()
    assert len(with_auth) == 2
    assert with_auth[1].startswith("org.acme/web")
    assert "it builds on org.acme/auth" in with_auth[1]
    explained = registry.ok("recommend", "--with", "org.acme/auth", "--explain", *token).out
    assert explained.split()[:4] == ["ARTIFACT", "SCORE", "COLLABORATIVE", "CONTENT"]
    found = registry.ok("recommend", "--text", "tokens", "--limit", "1", "-o", "json", *token).data
    assert [each["artifact"] for each in found["items"]] == ["org.acme/auth"]
    assert found["items"][0]["reasons"][0] == "it is about tokens, too"
    assert "behind: 0" in registry.ok("recommend", "-o", "yaml", *token).out
    assert registry.ok("recommend", "-o", "csv", *token).out.count("\n") == 3

    registry.ok("artifact", "download", "org.acme/auth", "--to", str(tmp_path / "auth"), *token)
    mine = registry.ok("recommend", "-o", "json", *token).data["items"]
    assert [each["artifact"] for each in mine] == ["org.acme/web"], "what one has is left out"
    theirs = registry.ok("recommend", "--for", "user:ann", "-o", "json").data["items"]
    assert [each["artifact"] for each in theirs] == ["org.acme/web"]
    denied = registry("recommend", "--for", "local:owner", *token)
    assert (denied.status, "denied" in denied.err or "may not" in denied.err) == (1, True)

    state = registry.ok("recommend", "--status", "-o", "json").data
    assert (state["artifacts"], state["people"], state["behind"], state["learns"]) == (2, 2, 0, True)
    assert registry.ok("recommend", "--rebuild", "-o", "json").data["uses"] == state["uses"]
    file = registry.home / "data" / "recommend" / "model.db"
    file.write_bytes(b"\x93" * 9_000)
    assert registry.ok("recommend", "org.acme/auth", *token).out.splitlines() == with_auth


def test_what_is_asked_wrongly_is_said(registry: Shell) -> None:
    publish(registry, "web", "serves pages")
    for arguments, status, words in (
        (("org.acme/wbe",), 1, "did you mean 'org.acme/web'?"),
        (("--with", "org.acme/none"), 1, "there is no artifact org.acme/none"),
        (("web",), 1, "no namespace is given"),
        (("--limit", "0"), 2, "--limit"),
        (("--type", "car"), 2, "car"),
        (("--status", "--rebuild"), 2, "stand alone"),
        (("org.acme/web", "--status"), 2, "stand alone"),
        (("--namespace", "Org/Acme"), 1, "is no namespace"),
    ):
        done = registry("recommend", *arguments)
        assert done.status == status, (arguments, done.err)
        assert words in done.err.replace("\n", " "), (arguments, done.err)
    config = registry.home / "hyperhost.toml"
    before = config.read_text() if config.exists() else ""
    config.write_text(f"{before}\n[plugins.recommend.config]\nweights = {{ content = -1 }}\n")
    done = registry("recommend")
    assert (done.status, "weights are numbers from 0 on" in done.err.replace("\n", " ")) == (1, True)
