"""Reference pages: what is on them, how they hang together, and that they are the same every time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Literal, Protocol

import pytest

from hyperhost.errors import BuildError, ManifestError, PluginLoadError, RefusalError, SpecError
from hyperhost.hookspecs import KERNEL_SPECS, hookspec
from hyperhost.host.packing import pack
from hyperhost.host.specs import read_specs
from hyperhost.sdk.reference import files, subject_of_plugin, subject_of_specs
from hyperhost.sdk.reference_config import Row, rows
from hyperhost.sdk.reference_docstring import docstring, marked
from hyperhost.sdk.reference_model import Bullets, Code, Heading, Paragraph, Span
from hyperhost.sdk.reference_types import python_signature
from hyperhost.sdk.reference_write import write_pages

MANIFEST = """\
[plugin]
id = "secret-check"
version = "1.2.0"
name = "Secret check"
description = "Refuses configurations that hold secrets."
license = "MIT"
hooks = ["artifact_validate"]

[capabilities]
required = [{ name = "config", reason = "which patterns to look for" }]
optional = [{ name = "http:api.acme.test/v1#POST", reason = "send findings" }]

[limits]
deadline = "200ms"

[dependencies]
acme-base = "^1.2"

[config.schema]
type = "object"
additionalProperties = false

[config.schema.properties.patterns]
type = "array"
items = { type = "string", minLength = 1 }
description = "What a secret looks like."

[config.defaults]
patterns = ["AKIA[0-9A-Z]{16}"]
"""
WASM = b"\0asm\x0d\0\1\0"


class Mood(Enum):
    """How somebody feels.

    Attributes:
        GOOD: Well.
        BAD: Not well.
    """

    GOOD = 1
    BAD = 2


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is coming.

    Attributes:
        name: As on the ``list``.
        mood: How they feel,
            or felt.
    """

    name: str
    mood: Mood = Mood.GOOD
    friends: list[str] | None = None


class Party(Protocol):
    """What happens at a party."""

    @hookspec(on_fault="skip", service="door", raises=RefusalError)
    def let_in(self, guest: Guest, how: Literal["front", "back"]) -> Mood | None:
        """Open the door.

        Or do not.
        """
        ...

    @hookspec(firstresult=True)
    def choose_the_music_that_everybody_is_going_to_hear(
        self, guests: list[Guest], wishes: dict[str, list[str]], loudness: float
    ) -> str:
        """Choose music."""
        ...


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "scan"
    directory.mkdir()
    build = '\n[build]\nlanguage = "python"\nsource = "plugin.py"\n'
    (directory / "plugin.toml").write_text(MANIFEST + build)
    (directory / "plugin.py").write_text("")
    return directory


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    directory = tmp_path / "built"
    directory.mkdir()
    (directory / "plugin.toml").write_text(MANIFEST)
    (directory / "plugin.wasm").write_bytes(WASM)
    return pack(directory, tmp_path / "scan.hhp", seed=bytes(32)).path


def section(page: str, title: str) -> str:
    """The text below one heading of a Markdown page."""
    return re.split(rf"^#+ {re.escape(title)}$", page, flags=re.MULTILINE)[1].partition("\n## ")[0]


def test_a_small_plugin_gets_one_page_with_everything(project: Path) -> None:
    [(name, page)] = files(subject_of_plugin(project)).items()
    assert name == "index.md"
    assert page.startswith("<!-- Written by hyperhost plugin docs;")
    titles = re.findall(r"^#{1,2} (.+)$", page, re.MULTILINE)
    assert titles[:6] == ["Secret check", "Install", "Hooks", "Capabilities", "Configuration", "Types"]
    assert "Refuses configurations that hold secrets." in page
    assert "| needs | `acme-base` ^1.2 |" in page
    assert "hyperhost plugin install secret-check-1.2.0.hhp\n" in page
    assert "hyperhost plugin grant secret-check 'http:api.acme.test/v1#POST'\n" in page
    assert "def artifact_validate(change: ArtifactChange) -> list[ValidationIssue]: ..." in page
    assert (
        "artifact-validate: func(change: artifact-change) -> result<list<validation-issue>, refusal>" in page
    )
    assert "class LicenseRule:" in section(page, "Example")
    capabilities = section(page, "Capabilities")
    assert "| `config` | read its own configuration | which patterns to look for | required |" in capabilities
    assert "- read or change any file" in capabilities
    assert "| `deadline` | `200ms` | `1s` |" in capabilities
    assert "import hyperhost:host/http@1.0.0;" in section(page, "WIT")
    assert 'config = { patterns = ["AKIA[0-9A-Z]{16}"] }' in section(page, "Configuration")


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_the_same_input_gives_the_same_bytes_wherever_it_lies(
    project: Path, tmp_path: Path, form: Literal["markdown", "html"]
) -> None:
    before = files(subject_of_plugin(project), form)
    moved = project.rename(tmp_path / "elsewhere")
    after = files(subject_of_plugin(moved), form)
    assert after == before
    assert str(tmp_path) not in "".join(after.values())


def test_a_packed_plugin_says_who_signed_it_and_how_to_verify_that(packed: Path) -> None:
    subject = subject_of_plugin(packed, KERNEL_SPECS)
    page = files(subject)["index.md"]
    assert subject.publisher.startswith("ed25519:")
    assert f"| signed by | `{subject.publisher}` |" in page
    assert f"hyperhost plugin verify secret-check-1.2.0.hhp --key {subject.publisher}\n" in page


def test_a_lone_component_is_described_by_its_exports(tmp_path: Path) -> None:
    text = '(component (core module $m (func (export "f") (result i32) (i32.const 0)))\n'
    text += "(core instance $i (instantiate $m))\n"
    text += '(func (export "let-in") (result u32) (canon lift (core func $i "f"))))'
    (tmp_path / "door.wat").write_text(text)
    subject = subject_of_plugin(tmp_path / "door.wat", [Party])
    assert [info.name for info in subject.hooks] == ["let_in"]
    page = files(subject)["index.md"]
    assert "hyperhost plugin install door.wat\n" in page
    assert "It has no manifest to ask with." in page


def test_a_native_plugin_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "plugin.toml").write_text(
        '[plugin]\nid = "n"\nversion = "1.0.0"\nnative = "acme.plugin:N"\nhooks = ["artifact_created"]\n'
    )
    page = files(subject_of_plugin(tmp_path, KERNEL_SPECS))["index.md"]
    assert "**It is Python without a sandbox, and may do anything.**" in page
    assert "plugin install" not in page
    assert "## WIT" not in page


def test_a_hook_that_nobody_here_declares_is_named(tmp_path: Path) -> None:
    (tmp_path / "plugin.wasm").write_bytes(WASM)
    (tmp_path / "plugin.toml").write_text('[plugin]\nid = "n"\nversion = "1.0.0"\nhooks = ["acme_price"]\n')
    subject = subject_of_plugin(tmp_path, KERNEL_SPECS)
    assert subject.unknown == ("acme_price",)
    assert "It answers `acme_price`, of which nothing is known here" in files(subject)["index.md"]


def test_what_is_no_plugin_is_refused(tmp_path: Path, project: Path) -> None:
    with pytest.raises(PluginLoadError, match="is not there"):
        subject_of_plugin(tmp_path / "nothing", KERNEL_SPECS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ManifestError, match=r"holds no plugin\.toml"):
        subject_of_plugin(tmp_path / "empty", KERNEL_SPECS)
    (project / "plugin.toml").write_text((project / "plugin.toml").read_text().replace("_validate", "_valid"))
    with pytest.raises(BuildError, match="there is no hook 'artifact_valid'") as caught:
        subject_of_plugin(project)
    assert caught.value.hint == "did you mean 'artifact_validate'?"


def test_a_host_program_gets_an_index_and_one_page_a_hook() -> None:
    found = files(subject_of_specs("Hooks of acme", KERNEL_SPECS), "html")
    names = [name for spec in KERNEL_SPECS for name in read_specs(spec)]
    assert set(found) == {
        *("index.html", "types.html", "wit.html"),
        *(f"hook-{name.replace('_', '-')}.html" for name in names),
    }
    for name, page in found.items():
        for target in re.findall(r'href="([^"]*)"', page):
            file, _, anchor = target.partition("#")
            assert f'id="{anchor}"' in found[file or name], f"{name}: {target}"


def test_links_of_markdown_pages_lead_to_headings() -> None:
    found = files(subject_of_specs("Hooks of acme", KERNEL_SPECS))

    def anchors(page: str) -> set[str]:
        headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S), re.M)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    for name, page in found.items():
        for file, anchor in re.findall(r"\]\(([\w.-]*)#([\w-]+)\)", page):
            assert anchor in anchors(found[file or name]), f"{name}: {file}#{anchor}"


def test_hooks_of_another_program_are_described_with_their_types() -> None:
    page = files(subject_of_specs("Hooks of acme", [Party]))["index.md"]
    assert section(page, "Party").strip().startswith("What happens at a party.")
    door = section(page, "`let_in`")
    assert "A fault of one plugin is recorded, and the others are still heard." in door
    assert "Only the `door` plugin that is selected for the service is asked." in door
    assert "in Python with `RefusalError`" in door
    assert "Or do not." in door
    guest = section(page, "`guest`")
    assert "| `name` | `string` |  | As on the `list`. |" in guest
    assert "| `mood` | [`mood`](#mood) | `good` | How they feel, or felt. |" in guest
    assert "| `friends` | `option<list<string>>` | `none` |  |" in guest
    assert "| `good` | Well. |" in section(page, "`mood`")
    assert "One of `front`, `back`." in page


def test_what_declares_no_hook_is_refused() -> None:
    with pytest.raises(SpecError, match="declares no hook"):
        subject_of_specs("x", [Guest])


def test_a_long_signature_has_one_parameter_to_a_line() -> None:
    info = read_specs(Party)["choose_the_music_that_everybody_is_going_to_hear"]
    assert python_signature(info) == (
        "def choose_the_music_that_everybody_is_going_to_hear(\n"
        "    guests: list[Guest],\n    wishes: dict[str, list[str]],\n    loudness: float,\n) -> str: ..."
    )


def test_a_docstring_becomes_paragraphs_lists_and_code() -> None:
    text = """First ``name``, and :class:`acme.Thing`.

    - one
      more
    - two

    Look::

        a  b

    >>> 1 + 1
    2

    Args:
        x: What it is,
            and more.
        y (int): Another.

    Example:
        ```python
        if x:
            y
        ```
    """
    assert list(docstring(text, 3)) == [
        Paragraph((Span("First "), Span("name", "code"), Span(", and "), Span("Thing", "code"), Span("."))),
        Bullets(((Span("one more"),), (Span("two"),))),
        Paragraph((Span("Look:"),)),
        Code("a  b"),
        Code(">>> 1 + 1\n2", "python"),
        Heading(3, (Span("Parameters"),)),
        Bullets(
            (
                (Span("x", "code"), Span(": "), Span("What it is, and more.")),
                (Span("y", "code"), Span(": "), Span("Another.")),
            )
        ),
        Heading(3, (Span("Example"),)),
        Code("if x:\n    y", "python"),
    ]


@pytest.mark.parametrize("text", ["", "``", "`a", "``a`b``", ":x:"])
def test_back_quotes_that_do_not_match_are_text(text: str) -> None:
    assert "".join(span.text for span in marked(text)) in (text, "a`b")


def test_a_schema_is_a_row_for_each_key_with_nested_ones_behind() -> None:
    schema = {
        "type": "object",
        "required": ["level"],
        "properties": {
            "level": {"enum": ["low", "high"], "description": "How much."},
            "limit": {"type": "integer", "minimum": 1, "exclusiveMaximum": 10, "default": 3},
            "hosts": {
                "type": "array",
                "uniqueItems": True,
                "items": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {"name": {"type": "string", "pattern": "^a", "maxLength": 1}},
                },
            },
            "labels": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
            "size": {"$ref": "#/$defs/size", "title": "Size"},
            "odd": {"oneOf": [{"type": "string"}, {"type": "number"}], "not": {"const": 3}},
            "never": False,
        },
        "$defs": {"size": {"type": "number", "multipleOf": 0.5}},
    }
    assert rows(schema, {"limit": 5}) == [
        Row("level", "text", "", '"low", "high"', "How much.", required=True),
        Row("limit", "whole number", "5", "at least 1; less than 10"),
        Row("hosts", "list of table", "", "no item twice"),
        Row("hosts[]", "table"),
        Row("hosts[].name", "text", "", "at most 1 character; matches ^a", required=True),
        Row("labels", "table"),
        Row("labels.*", "text or null"),
        Row("size", "number", "", "a multiple of 0.5", "Size"),
        Row("odd", "text or number", complete=False),
        Row("never", "nothing"),
    ]


def test_a_schema_that_says_more_than_a_table_can_is_shown_as_well(project: Path) -> None:
    text = (project / "plugin.toml").read_text()
    assert "The schema says more" not in files(subject_of_plugin(project))["index.md"]
    more = "additionalProperties = false\nminProperties = 1\nif = { required = ['a'] }"
    (project / "plugin.toml").write_text(text.replace("additionalProperties = false", more))
    page = files(subject_of_plugin(project))["index.md"]
    assert "The schema says more than fits a table:\n\n```json\n{\n" in page


def test_pages_replace_those_of_an_earlier_run_and_no_others(tmp_path: Path) -> None:
    target = tmp_path / "new" / "docs"
    many = files(subject_of_specs("Acme", KERNEL_SPECS), "html")
    write_pages(many, target)
    few = files(subject_of_specs("Acme", [Party]))
    write_pages(few, target)
    assert {each.name: each.read_text() for each in target.iterdir()} == few
    assert [each.name for each in target.parent.iterdir()] == ["docs"]


def test_an_empty_directory_is_filled(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    write_pages(files(subject_of_specs("Acme", [Party])), tmp_path / "docs")
    assert [each.name for each in (tmp_path / "docs").iterdir()] == ["index.md"]
