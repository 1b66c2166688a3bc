"""A config renders: inheritance, overrides, environment and secrets applied, checked, masked."""

from __future__ import annotations

import json

import pytest
from template_hosts import template_registry

import hyperhost
from hyperhost.contracts import PutMode
from hyperhost.errors import InvalidInputError, NotFoundError, WrongStateError


@pytest.fixture
def registry():
    with template_registry() as made:
        yield made


def test_values_lie_over_defaults_and_the_nearer_config_over_what_it_extends(registry):
    registry.config(
        "base", values={"server": {"port": 80, "host": "base"}, "list": [1, 2]}, defaults={"debug": False}
    )
    registry.config(
        "app",
        extends="org.acme/base",
        values={"server": {"port": 8080}, "list": [3]},
        defaults={"server": {"host": "default"}, "debug": True},
    )
    made = registry.run("render", artifact="org.acme/app")
    assert made["values"] == {"server": {"port": 8080, "host": "base"}, "list": [3], "debug": True}
    assert made["chain"] == ["org.acme/base@1.0.0", "org.acme/app@1.0.0"]
    assert json.loads(made["text"]) == made["values"]
    assert made["masked"] == []


def test_an_environment_and_the_most_specific_target_decide(registry):
    registry.config(
        "app",
        values={"level": "info", "where": "nowhere"},
        overrides={
            "production": {"level": "warning", "where": "production"},
            "artifact:org.acme/*": {"where": "artifact"},
            "namespace:org.*": {"where": "organization", "wide": True},
            "namespace:org.acme": {"where": "namespace", "wide": False},
            "user:alice": {"where": "alice"},
        },
    )
    assert registry.rendered("app") == {"level": "info", "where": "nowhere"}
    assert registry.rendered("app", environment="production")["where"] == "production"
    by_namespace = registry.rendered("app", environment="production", targets=["namespace:org.acme"])
    assert by_namespace == {"level": "warning", "where": "namespace", "wide": False}
    by_artifact = registry.rendered("app", targets=["artifact:org.acme/auth"])
    assert by_artifact == {"level": "info", "where": "artifact", "wide": False}
    assert registry.rendered("app", targets=["user:alice", "artifact:org.acme/auth"])["where"] == "alice"


def test_an_environment_that_no_config_of_the_chain_knows_is_a_mistake(registry):
    registry.config("app", overrides={"production": {}})
    with pytest.raises(InvalidInputError, match="there is no environment 'prod'") as caught:
        registry.rendered("app", environment="prod")
    assert (caught.value.field, caught.value.rule) == ("environment", "unknown")
    assert caught.value.hint == "known are production"


def test_a_config_for_one_target_is_not_rendered_for_another(registry):
    registry.config("app", target={"kind": "namespace", "selector": "org.acme.*"}, values={"a": 1})
    assert registry.rendered("app", targets=["namespace:org.acme.web"]) == {"a": 1}
    with pytest.raises(InvalidInputError, match=r"is for namespace org\.acme\.\*, and not for user:bob"):
        registry.rendered("app", targets=["user:bob"])
    with pytest.raises(InvalidInputError, match="'planet:mars' is no target"):
        registry.rendered("app", targets=["planet:mars"])


def test_environment_variables_take_the_type_of_their_place(registry):
    registry.config(
        "app",
        values={"port": 1, "debug": False, "name": "x", "tags": [], "rate": 0.5, "list": [{"n": 1}]},
        schema={"properties": {"new": {"properties": {"size": {"type": "integer"}}}}},
        env={
            "port": "ACME_PORT",
            "debug": "ACME_DEBUG",
            "name": "ACME_NAME",
            "tags": "ACME_TAGS",
            "rate": "ACME_RATE",
            "list.0.n": "ACME_N",
            "new.size": "ACME_SIZE",
            "unset": "ACME_UNSET",
        },
    )
    given = {
        "ACME_PORT": "8080",
        "ACME_DEBUG": "yes",
        "ACME_NAME": "8080",
        "ACME_TAGS": '["a"]',
        "ACME_RATE": "0.75",
        "ACME_N": "2",
        "ACME_SIZE": "3",
    }
    assert registry.rendered("app", env=given) == {
        "port": 8080,
        "debug": True,
        "name": "8080",
        "tags": ["a"],
        "rate": 0.75,
        "list": [{"n": 2}],
        "new": {"size": 3},
    }
    for name, text in (
        ("ACME_PORT", "many"),
        ("ACME_DEBUG", "2"),
        ("ACME_TAGS", "{}"),
        ("ACME_PORT", "true"),
    ):
        with pytest.raises(InvalidInputError, match=f"env.{name} is no ") as caught:
            registry.rendered("app", env={name: text})
        assert (caught.value.field, caught.value.rule) == (f"env.{name}", "type")
        assert "many" not in str(caught.value)


def test_variables_of_the_process_are_only_for_the_owner(registry, monkeypatch):
    monkeypatch.setenv("ACME_NAME", "process")
    registry.config("app", values={"name": "file"}, env={"name": "ACME_NAME"})
    assert registry.rendered("app") == {"name": "process"}
    assert registry.run_as("user:bob", "render", artifact="org.acme/app")["values"] == {"name": "file"}
    given = registry.run_as("user:bob", "render", artifact="org.acme/app", env={"ACME_NAME": "given"})
    assert given["values"] == {"name": "given"}


def test_what_the_caller_lays_over_it_wins(registry):
    registry.config("app", values={"a": {"b": 1, "c": 2}}, env={"a.b": "ACME_B"})
    made = registry.rendered("app", env={"ACME_B": "5"}, overrides={"a": {"b": 9}})
    assert made == {"a": {"b": 9, "c": 2}}


def test_secrets_are_filled_in_and_masked_until_they_are_revealed(registry, monkeypatch):
    monkeypatch.setenv("HYPERHOST_SECRET_DB_PASSWORD", "s3cr3t")
    registry.config(
        "app",
        format="yaml",
        values={"db": {"user": "app"}, "pin": 1234},
        secrets=[{"path": "db.password", "name": "db-password"}],
        sensitive=["pin"],
    )
    masked = registry.run("render", artifact="org.acme/app")
    assert masked["values"] == {"db": {"user": "app", "password": "********"}, "pin": "********"}
    assert masked["masked"] == ["db.password", "pin"]
    assert "s3cr3t" not in json.dumps(masked)
    shown = registry.run("render", artifact="org.acme/app", reveal=True)
    assert shown["values"] == {"db": {"user": "app", "password": "s3cr3t"}, "pin": 1234}
    assert "password: s3cr3t" in shown["text"]


def test_revealing_is_an_operation_with_a_permission_of_its_own(registry, monkeypatch):
    monkeypatch.setenv("HYPERHOST_SECRET_TOKEN", "s3cr3t")
    registry.config("app", secrets=[{"path": "token", "name": "token"}])
    seen = []

    class Watching:
        @hyperhost.hookimpl(wrapper=True, priority=10)
        def operation_run(self, call):
            outcome = yield
            seen.append((call.operation, outcome.private, "s3cr3t" in outcome.details_json))
            return outcome

    registry.host.register(Watching(), "watching")
    registry.run("render", artifact="org.acme/app", reveal=True)
    assert ("reveal", True, False) in seen
    assert ("render", True, False) in seen
    offered = hyperhost.Operations(registry.host).offered()
    assert offered["reveal"].permission == "config:reveal"
    assert offered["render"].permission == "config:render"


def test_what_a_parent_calls_sensitive_stays_masked_in_its_children(registry):
    registry.config("base", values={"key": "k"}, sensitive=["key"])
    registry.config("app", extends="org.acme/base", values={"key": "other"})
    assert registry.rendered("app") == {"key": "********"}


def test_a_missing_secret_is_named(registry):
    registry.config("app", secrets=[{"path": "key", "name": "acme-key", "provider": "vault"}])
    with pytest.raises(
        NotFoundError, match="the secret 'acme-key' of vault, for key, is not there"
    ) as caught:
        registry.rendered("app")
    assert caught.value.field == "secret"
    assert "service secrets" in caught.value.hint


def test_a_secret_is_read_in_the_name_of_the_config_that_refers_to_it():
    asked = []

    class Secrets:
        @hyperhost.hookimpl
        def secrets_read(self, provider, name, namespace):
            asked.append((provider, name, namespace))
            return "x"

    with template_registry() as registry:
        registry.host.plugin("secrets-environment").unload()
        registry.host.register(Secrets(), "secrets")
        draft = {"namespace": "org.other"}
        registry.config("base", secrets=[{"path": "k", "name": "n"}], draft=draft)
        registry.config("app", extends="org.other/base", secrets=[{"path": "m", "name": "n"}])
        registry.rendered("app")
    assert sorted(asked) == [("builtin", "n", "org.acme"), ("builtin", "n", "org.other")]


def test_a_circle_is_refused_with_the_whole_chain(registry):
    registry.config("a", extends="org.acme/b@1.0.0")
    with pytest.raises(InvalidInputError) as caught:
        registry.config("b", extends="org.acme/a@1.0.0")
    assert (caught.value.field, caught.value.rule) == ("manifest.extends", "cycle")
    assert "org.acme/b@1.0.0 → org.acme/a@1.0.0 → org.acme/b@1.0.0" in caught.value.message
    with pytest.raises(NotFoundError):
        registry.run("read", artifact="org.acme/b")


def test_a_circle_that_a_later_version_closes_is_found_when_it_is_rendered(registry):
    registry.config("a", extends="org.acme/b")
    registry.config("b")
    registry.config("c", extends="org.acme/a")
    registry.config("b", "2.0.0", extends="org.acme/c")
    with pytest.raises(InvalidInputError, match="the config builds on itself") as caught:
        registry.rendered("a")
    assert caught.value.rule == "cycle"
    with pytest.raises(
        InvalidInputError, match=r"a@1\.0\.0 → org.acme/b@2.0.0 → org.acme/c@1.0.0 → org.acme/a@1.0.0"
    ):
        registry.rendered("a")


def test_a_chain_has_an_end(registry):
    registry.config("c-0", values={"n": 0})
    for number in range(1, 17):
        registry.config(f"c-{number}", extends=f"org.acme/c-{number - 1}")
    assert registry.rendered("c-15") == {"n": 0}
    with pytest.raises(InvalidInputError, match="more than 16 configs build on each other") as caught:
        registry.rendered("c-16")
    assert caught.value.rule == "depth"


def test_a_parent_has_to_be_there_and_a_config(registry):
    registry.config("a", extends="org.acme/gone")
    with pytest.raises(
        NotFoundError, match=r"org\.acme/a@1\.0\.0 extends org\.acme/gone, which is not there"
    ):
        registry.rendered("a")
    registry.template("t")
    registry.config("b", extends="org.acme/t")
    with pytest.raises(InvalidInputError, match="is a template and no config"):
        registry.rendered("b")


def test_the_result_has_to_fit_the_schema_of_the_nearest_config_that_has_one(registry):
    registry.config("base", values={"port": 80}, schema={"properties": {"port": {"maximum": 1000}}})
    registry.config("app", extends="org.acme/base", values={"port": 8080})
    with pytest.raises(InvalidInputError, match="8080 is greater than the maximum of 1000") as caught:
        registry.rendered("app")
    assert (caught.value.field, caught.value.rule) == ("values.port", "schema")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("json", '{"port": 80, "on": true}'),
        ("yaml", "port: 80\non: true\n"),
        ("toml", "port = 80\non = true\n"),
        ("hcl", "port = 80\non = true\n"),
    ],
)
def test_values_may_be_text_in_the_manifest_or_the_content(registry, kind, text):
    registry.config("inline", format=kind, values=text)
    registry.config("content", format=kind, draft={"content_hash": registry.upload(text.encode())})
    for name in ("inline", "content"):
        assert registry.rendered(name) == {"port": 80, "on": True}


def test_text_that_is_not_of_its_format_is_refused_without_an_excerpt(registry):
    content = registry.upload(b"password = s3cr3t")
    registry.config("app", format="toml", draft={"content_hash": content})
    with pytest.raises(InvalidInputError, match="cannot be read as toml: it is no TOML") as caught:
        registry.rendered("app")
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("kind", ["json", "yaml", "toml", "hcl", "env"])
def test_every_format_can_be_asked_for(registry, kind):
    registry.config("app", values={"db": {"port": 5432, "host": "a b"}})
    made = registry.run("render", artifact="org.acme/app", format=kind)
    assert made["format"] == kind
    assert (
        made["text"]
        == {
            "json": '{\n  "db": {\n    "host": "a b",\n    "port": 5432\n  }\n}\n',
            "yaml": "db:\n  host: a b\n  port: 5432\n",
            "toml": '[db]\nhost = "a b"\nport = 5432\n',
            "hcl": 'db = {\n  host = "a b"\n  port = 5432\n}\n',
            "env": "DB_HOST='a b'\nDB_PORT=5432\n",
        }[kind]
    )


def test_encrypted_values_are_nowhere_in_the_store_nor_told_to_plugins(tmp_path):
    heard = []

    class Listening:
        @hyperhost.hookimpl
        def artifact_validate(self, change):
            heard.append(change.manifest_json)
            return []

        @hyperhost.hookimpl
        def artifact_created(self, change):
            heard.append(change.manifest_json)

    with template_registry(tmp_path, Listening()) as registry:
        made = registry.config(
            "app", encrypted=True, values={"key": "s3cr3t"}, overrides={"production": {"key": "pr0d"}}
        )
        hook = registry.host.hook
        heard.append(hook.storage_get_manifest(artifact_id=made["id"]))
        log = hook.storage_list_log(log="history", subject="", after=0, until_us=None, limit=10)
        heard.append(repr(log))
        heard.append(json.dumps(registry.run("read_manifest", artifact="org.acme/app")))
        assert len(heard) == 5
        assert not any("s3cr3t" in text or "pr0d" in text for text in heard)
        assert registry.rendered("app", environment="production") == {"key": "pr0d"}
        key = tmp_path / "data" / "registry" / "config.key"
        assert key.stat().st_mode & 0o777 == 0o600


def test_writing_the_same_encrypted_values_again_changes_nothing(registry):
    registry.config("app", encrypted=True, values={"key": 1})
    edit = {"manifest": {"format": "json", "encrypted": True, "values": {"key": 1}}}
    before = registry.run("read", artifact="org.acme/app")
    assert registry.run("update", artifact="org.acme/app", edit=edit)["artifact"] == before
    edit["manifest"]["values"]["key"] = 2
    registry.run("update", artifact="org.acme/app", edit=edit)
    assert registry.rendered("app") == {"key": 2}


def test_the_key_outlives_the_process_and_its_loss_is_named(tmp_path):
    from builtin_plugins.registry.vault import Vault
    from hyperhost.contracts import Artifact, ArtifactActivity, ArtifactState, ArtifactType, Visibility
    from hyperhost.errors import RefusalError

    artifact = Artifact(
        "id", "org.acme", "app", ArtifactType.CONFIG, "1.0.0", Visibility.PRIVATE, ArtifactState.DRAFT,
        activity=ArtifactActivity(0, 0),
    )  # fmt: skip
    manifest = {"format": "json", "encrypted": True, "values": {"a": 1}}
    sealed = json.loads(Vault(lambda: tmp_path).written(artifact, manifest))
    assert Vault(lambda: tmp_path).opened(artifact, sealed)["values"] == {"a": 1}
    other = Vault(None)
    with pytest.raises(RefusalError, match="which is not in this home"):
        other.opened(artifact, sealed)
    key = tmp_path / "config.key"
    key.chmod(0o644)
    with pytest.raises(RefusalError, match="others may read"):
        Vault(lambda: tmp_path).opened(artifact, sealed)
    key.chmod(0o600)
    key.write_text("zz\n")
    with pytest.raises(RefusalError, match="a line is no key in hex"):
        Vault(lambda: tmp_path).opened(artifact, sealed)


def test_a_sealed_form_opens_in_no_other_config(registry):
    registry.config("app", encrypted=True, values={"key": "s3cr3t"})
    hook = registry.host.hook
    stolen = json.loads(
        hook.storage_get_manifest(artifact_id=registry.run("read", artifact="org.acme/app")["id"])
    )
    thief = registry.config("thief", encrypted=True, values=stolen["values"])
    assert registry.rendered("thief") == stolen["values"]  # sealed once more, so it stays what it was
    artifact = hook.storage_get_artifact(artifact_id=thief["id"])
    hook.storage_put_artifact(artifact=artifact, manifest_json=json.dumps(stolen), mode=PutMode.REPLACE)
    with pytest.raises(WrongStateError, match="were altered, or belong to another config"):
        registry.rendered("thief", reveal=True)


def test_a_config_that_extends_its_own_name_is_refused_unless_another_version_is_meant(registry):
    with pytest.raises(InvalidInputError, match="the config builds on itself") as caught:
        registry.config("alone", extends="org.acme/alone")
    assert (caught.value.field, caught.value.rule) == ("manifest.extends", "cycle")
    registry.config("app", values={"a": 1})
    registry.run("publish", artifact="org.acme/app")
    registry.config("app", version="2.0.0", extends="org.acme/app", values={"b": 2})
    made = registry.run("render", artifact="org.acme/app@2.0.0")
    assert made["values"] == {"a": 1, "b": 2}


@pytest.mark.parametrize("place", ["values", "defaults", "overrides", "content"])
def test_what_is_nested_too_deeply_is_named_by_its_path_and_its_config(registry, place):
    deep = "x"
    for _ in range(70):
        deep = {"a": deep}
    if place == "content":
        registry.config("app", draft={"content_hash": registry.upload(json.dumps(deep).encode())})
    else:
        made = registry.config("app", values=None if place == "values" else {"b": 1})
        given = {"production": deep} if place == "overrides" else deep
        text = json.dumps({"format": "json", "values": {"b": 1}, place: given})
        item = registry.host.hook.storage_get_artifact(artifact_id=made["id"])
        registry.host.hook.storage_put_artifact(artifact=item, manifest_json=text, mode=PutMode.REPLACE)
    with pytest.raises(InvalidInputError, match=r"org\.acme/app@1\.0\.0: .* is nested too deeply") as caught:
        registry.run(
            "render", artifact="org.acme/app", environment="production" if place == "overrides" else ""
        )
    field = place if place == "content" else f"manifest.{place}"
    assert (caught.value.field, caught.value.rule) == (field, "depth")
