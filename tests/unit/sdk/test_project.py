"""Opening a project: what plugin.toml says, held against the host program it is written for."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from hyperhost.errors import BuildError, ConfigError, ManifestError
from hyperhost.sdk.project import open_project
from hyperhost.sdk.world import world_of

MANIFEST = """
[plugin]
id = "acme-check"
version = "0.1.0"
hooks = ["artifact_validate"]

[build]
language = "c"
source = "plugin.c"

[[capabilities.required]]
name = "log"
reason = "to say what it found"
"""


def project(directory: Path, manifest: str = MANIFEST) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "plugin.toml").write_text(manifest, encoding="utf-8")
    (directory / "plugin.c").write_text("", encoding="utf-8")
    return directory


def test_a_project_knows_its_hooks_and_the_interfaces_of_its_capabilities(tmp_path):
    found = open_project(project(tmp_path))
    assert list(found.hooks) == ["artifact_validate"]
    assert [each.name for each in found.interfaces] == ["hyperhost:host/log@1.0.0"]
    assert found.component == tmp_path.resolve() / "plugin.wasm"
    assert found.source == tmp_path.resolve() / "plugin.c"


def test_the_world_holds_what_the_manifest_names_and_nothing_else(tmp_path):
    files = world_of(open_project(project(tmp_path))).files()
    assert sorted(files) == ["deps/hyperhost-host/hyperhost-host.wit", "world.wit"]
    own = files["world.wit"]
    assert "export artifact-validate: func(change: artifact-change)" in own
    assert own.count("\n  export ") == 1
    assert "import hyperhost:host/log@1.0.0;" in own
    assert own.count("\n  import ") == 1
    assert "/// Judge a change before it is made." in own
    assert "interface log {" in files["deps/hyperhost-host/hyperhost-host.wit"]
    assert "interface kv" not in files["deps/hyperhost-host/hyperhost-host.wit"]


def test_one_document_nests_the_packages_it_imports(tmp_path):
    text = world_of(open_project(project(tmp_path))).text()
    assert text.startswith("package hyperhost:plugin@1.0.0;\n")
    assert "package hyperhost:host@1.0.0 {\n  interface log {" in text


def test_a_hook_that_does_not_exist_is_refused_with_the_nearest_one(tmp_path):
    directory = project(tmp_path, MANIFEST.replace("artifact_validate", "artifact_validat"))
    with pytest.raises(BuildError) as caught:
        open_project(directory)
    assert "there is no hook 'artifact_validat'" in str(caught.value)
    assert "did you mean 'artifact_validate'?" in caught.value.hint
    assert caught.value.plugin == "acme-check"


@pytest.mark.parametrize(
    ("old", "new", "kind", "words"),
    [
        ('hooks = ["artifact_validate"]', "", BuildError, "names no hook"),
        ('language = "c"', 'language = "cobol"', ManifestError, "build.language is 'cobol'"),
        ('source = "plugin.c"', "", ManifestError, "build.source is missing"),
        ('source = "plugin.c"', 'source = "other.c"', BuildError, "which is not there"),
        ('source = "plugin.c"', 'source = "../plugin.c"', ManifestError, "build.source"),
        ('source = "plugin.c"', 'source = "plugin.c"\nlangage = "c"', ManifestError, "build.langage"),
        ('[build]\nlanguage = "c"\nsource = "plugin.c"', "", BuildError, "does not say how to build it"),
        (
            'source = "plugin.c"',
            'source = "plugin.c"\nspecs = ["acme_nothing:Hooks"]',
            ConfigError,
            "acme_nothing:Hooks",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, kind, words):
    with pytest.raises(kind) as caught:
        open_project(project(tmp_path, MANIFEST.replace(old, new)))
    assert words in str(caught.value)
    assert caught.value.hint


def test_a_directory_without_a_manifest_says_how_to_begin(tmp_path):
    with pytest.raises(ManifestError) as caught:
        open_project(tmp_path)
    assert "hyperhost plugin new" in caught.value.hint


def test_a_native_plugin_needs_no_build(tmp_path):
    manifest = '[plugin]\nid = "acme"\nversion = "1.0.0"\nnative = "acme:Plugin"\n'
    with pytest.raises(BuildError, match="native plugin, which needs no build"):
        open_project(project(tmp_path, manifest))


def test_hooks_and_capabilities_of_another_host_program(tmp_path, monkeypatch):
    code = """
    import hyperhost

    class Mail:
        @hyperhost.hookspec
        def mail_arrived(self, sender: str) -> bool:
            \"\"\"Judge one letter.\"\"\"

    class Stamps(hyperhost.HostInterface):
        name = "acme:mail/stamps@2.1.0"
        capability = "stamps"
        describes = "look at stamps of {target}"

        @hyperhost.hostfunction(requires="stamps:{country}")
        def price(self, call: hyperhost.Call, country: str) -> float:
            \"\"\"Price of a stamp.\"\"\"
            return 1.0
    """
    (tmp_path / "acme_mail.py").write_text(textwrap.dedent(code), encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "acme_mail", raising=False)
    manifest = MANIFEST.replace("artifact_validate", "mail_arrived").replace('"log"', '"stamps:oslo"')
    manifest = manifest.replace(
        'source = "plugin.c"',
        'source = "plugin.c"\nspecs = ["acme_mail:Mail"]\ninterfaces = ["acme_mail:Stamps"]',
    )
    found = open_project(project(tmp_path, manifest))
    assert list(found.hooks) == ["mail_arrived"]
    files = world_of(found).files()
    assert "import acme:mail/stamps@2.1.0;" in files["world.wit"]
    assert "/// Price of a stamp." in files["deps/acme-mail/acme-mail.wit"]


def test_the_plan_survives_writing_and_reading(tmp_path):
    manifest = open_project(project(tmp_path)).manifest
    assert type(manifest).parse(manifest.to_toml()) == manifest
