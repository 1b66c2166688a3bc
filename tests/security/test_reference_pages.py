"""Reference pages of a hostile plugin: its texts are shown, and steer neither reader nor writer."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hyperhost.errors import BuildError
from hyperhost.hookspecs import KERNEL_SPECS
from hyperhost.hookspecs.artifacts import ArtifactHooks
from hyperhost.host.tomltext import toml_text
from hyperhost.sdk.reference import files, subject_of_plugin, subject_of_specs
from hyperhost.sdk.reference_html import html
from hyperhost.sdk.reference_markdown import markdown
from hyperhost.sdk.reference_model import Block, Bullets, Code, Heading, Page, Paragraph, Table, code, plain
from hyperhost.sdk.reference_model import visible as seen
from hyperhost.sdk.reference_write import write_pages

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "closing": "</p></td></table></main><script>alert(1)</script>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "entity": "&lt;script&gt; &#60;b&#62;",
    "image": "![x](https://acme.test/track.png)",
    "link": "[click](javascript:alert(1)) <javascript:alert(1)> [a]: https://acme.test",
    "row": "| a | b |\n|---|---|\n| c | d |",
    "backslash bar": "a\\|b\\",
    "heading": "# Approved by Acme\n\n## Really\n===\n---",
    "fence": "```\n</code></pre><b>out</b>\n~~~",
    "comment": "<!-- --><!doctype html><![CDATA[ ]]>",
    "list": "1. one\n2) two\n- three\n+ four\n* five\n> six",
    "control": "a\x1b[31mred\x07\x7f\x9b",
    "order": "evil\u202egpj.exe\u2066\u200b\ufeff",
    "ticks": "`` ` ``` `",
}
TAGS = "html head meta title style body main h1 h2 h3 h4 p a code pre strong ul li div"
TABLE_TAGS = "table thead tbody th tr td"
PAGE_TAGS = frozenset([*TAGS.split(), *TABLE_TAGS.split()])
SINGLE = ("meta", "br", "img", "hr")


class Outline(HTMLParser):
    """The elements of a document, whether they nest, its links, and its text by element."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in SINGLE:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def plugin(directory: Path, text: str) -> Path:
    """A plugin that says ``text`` wherever a manifest may say anything."""
    line = " ".join(text.split()) if text.isprintable() else "because"
    line = "".join(each for each in line if each.isprintable())
    document = {
        "plugin": {
            "id": "acme-scan",
            "version": "1.0.0",
            "hooks": ["artifact_validate", "acme_unknown"],
            **dict.fromkeys(("name", "description", "publisher", "license", "homepage"), text),
        },
        "capabilities": {"required": [{"name": "log", "reason": line}]},
        "config": {
            "schema": {
                "type": "object",
                "properties": {
                    text: {"type": text, "description": text, "enum": [text], "pattern": text, "not": {}},
                    "other": {"title": text, "default": {text: [text]}},
                },
            },
            "defaults": {text: text},
        },
        "dependencies": {"acme-base": "^1"},
    }
    directory.mkdir()
    (directory / "plugin.toml").write_text(toml_text(document), encoding="utf-8")
    (directory / "plugin.wasm").write_bytes(b"\0asm\x0d\0\1\0")
    return directory


def rendered(text: str) -> str:
    """Markdown as a code host shows it, raw HTML let through so that any of it would be seen."""
    return MarkdownIt("commonmark").enable("table").render(text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_of_a_manifest_becomes_html(tmp_path: Path, text: str) -> None:
    subject = subject_of_plugin(plugin(tmp_path / "scan", text), KERNEL_SPECS)
    [(_, page)] = files(subject, "html").items()
    found = Outline(page)
    assert set(found.tags) <= PAGE_TAGS
    assert found.attributes <= {
        "lang",
        "name",
        "content",
        "charset",
        "http-equiv",
        "id",
        "scope",
        "class",
        "href",
    }
    assert all(link.startswith("#") and link[1:] in found.ids for link in found.links)
    assert len(found.ids) == len(set(found.ids))
    assert seen(text).strip() in seen(found.text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_of_a_manifest_becomes_markdown(tmp_path: Path, text: str) -> None:
    harmless = subject_of_plugin(plugin(tmp_path / "harmless", "text"), KERNEL_SPECS)
    hostile = subject_of_plugin(plugin(tmp_path / "hostile", text), KERNEL_SPECS)
    [expected], [found] = (
        [Outline(rendered(page)) for page in files(subject).values()] for subject in (harmless, hostile)
    )
    names = ("code", "p")  # code that a table cannot hold is shown as text
    assert [tag for tag in found.tags if tag not in names] == [
        tag for tag in expected.tags if tag not in names
    ]
    assert found.links == expected.links


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_control_and_reordering_characters_are_written_out(tmp_path: Path, form: str) -> None:
    subject = subject_of_plugin(
        plugin(tmp_path / "scan", HOSTILE["control"] + HOSTILE["order"]), KERNEL_SPECS
    )
    for page in files(subject, form).values():  # type: ignore[arg-type]
        assert all(each.isprintable() or each == "\n" for each in page)
        assert "x1b" in page
        assert "u202e" in page


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,<script>",
        "https://acme.test@evil.test/",
        'https://acme.test/" onclick="x',
        "//evil.test",
        "HTTPS:evil",
    ],
)
def test_a_homepage_that_is_no_plain_address_is_not_linked(tmp_path: Path, address: str) -> None:
    subject = subject_of_plugin(plugin(tmp_path / "scan", address), KERNEL_SPECS)
    assert not [link for link in Outline(files(subject, "html")["index.html"]).links if link[0] != "#"]
    assert not [link for link in Outline(rendered(files(subject)["index.md"])).links if link[0] != "#"]


def test_a_plain_homepage_is_linked(tmp_path: Path) -> None:
    subject = subject_of_plugin(plugin(tmp_path / "scan", "https://acme.test/a?b=1&c=2"), KERNEL_SPECS)
    for page in (files(subject, "html")["index.html"], rendered(files(subject)["index.md"])):
        assert "https://acme.test/a?b=1&c=2" in Outline(page).links


def test_a_page_loads_and_runs_nothing_even_if_something_got_into_it(tmp_path: Path) -> None:
    subject = subject_of_plugin(plugin(tmp_path / "scan", "text"), KERNEL_SPECS)
    page = files(subject, "html")["index.html"]
    assert "content=\"default-src 'none'; style-src 'sha256-" in page
    assert "src=" not in page.replace("-src ", "")


anything = st.text(min_size=1, max_size=40)
markup = st.text("\\`*_[]()<>&|~$#+=-!:.1 \n\t'\"/ax", min_size=1, max_size=40)


def shapes(text: str) -> dict[str, tuple[Block, str]]:
    """A text in every place that a page has, and the element whose text it must be."""
    return {
        "heading": (Heading(2, plain(text)), "h2"),
        "paragraph": (Paragraph(plain(text)), "p"),
        "name": (Paragraph(code(text)), "p"),
        "item": (Bullets((plain(text),)), "li"),
        "cell": (Table(("a", "b"), ((plain(text), plain("z")),)), "td"),
        "name in a cell": (Table(("a", "b"), ((code(text), plain("z")),)), "td"),
    }


@given(st.one_of(anything, markup))
@example("a\\|b")
@example("\\")
@example("1. a")
@example("`|`\\")
def test_any_text_anywhere_is_shown_as_it_is(text: str) -> None:
    shown = " ".join(seen(text).split(" ")).strip()
    for place, (block, _) in shapes(text).items():
        page = Page("index", "t", (Paragraph(plain("before")), block, Paragraph(plain("behind"))))
        for document in (
            rendered(markdown(page, {})),
            html(page, {}).partition("<main>")[2].partition("</main>")[0],
        ):
            found = Outline(document)
            extra = ["a", "b", "z"] if "cell" in place else []
            words = ["before", *extra[:2], shown, *extra[2:], "behind"]
            assert "".join(found.text.split()) == "".join("".join(words).split()), (place, document)
            assert not {"script", "img", "a", "h1", "hr", "ol", "blockquote", "em"} & set(found.tags)
            assert found.tags.count("h2") == (place == "heading")
            assert found.tags.count("li") == (place == "item")
            assert found.tags.count("td") == (2 if extra else 0)
            assert "pre" not in found.tags


@given(st.one_of(anything, markup))
def test_any_text_in_a_code_block_stays_in_it(text: str) -> None:
    page = Page("index", "t", (Code(text, "python"), Paragraph(plain("behind"))))
    for document in (
        rendered(markdown(page, {})),
        html(page, {}).partition("<main>")[2].partition("</main>")[0],
    ):
        found = Outline(document)
        assert found.tags == ["pre", "code", "p"]
        assert found.text.strip("\n").startswith(seen(text, lines=True).strip("\n"))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"properties": {"a": {"$ref": "#/properties/a"}}},
        {"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"properties": {"c": {"$ref": "#"}}}}},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}, "b": {"$ref": "https://acme.test/x"}}},
        {"properties": {f"k{n}": {"$ref": "#"} for n in range(60)}},
        {"properties": {"a": {"anyOf": [{"$ref": "#/properties/a"}] * 5000}}},
        {
            "$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(3000)},
            "items": {"$ref": "#/$defs/d0"},
        },
        {"properties": {"a": {"enum": ["x" * 100_000]}}},
        {
            "properties": "text",
            "required": 3,
            "items": [],
            "type": 7,
            "enum": {},
            "oneOf": "x",
            "minimum": "x",
        },
        {"properties": {"a": True, "b": False, "c": 3, "d": {"type": ["string", 3]}}},
    ],
    ids=lambda schema: next(iter(schema)),
)
def test_a_schema_that_is_endless_or_nonsense_gives_a_page_of_bounded_size(
    tmp_path: Path, schema: dict[str, object]
) -> None:
    directory = plugin(tmp_path / "scan", "text")
    head = '[plugin]\nid = "acme-scan"\nversion = "1.0.0"\n'
    (directory / "plugin.toml").write_text(head + toml_text({"config": {"schema": schema}}))
    subject = subject_of_plugin(directory, KERNEL_SPECS)
    assert len(files(subject)["index.md"]) < 2_000_000


def test_a_package_does_not_make_its_reader_import_anything(tmp_path: Path) -> None:
    """``[build] specs`` counts in a directory that somebody builds from, never in a packed file."""
    from hyperhost.host.packing import pack

    directory = plugin(tmp_path / "scan", "text")
    (directory / "acme_evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    build = '\n[build]\nlanguage = "python"\nsource = "plugin.py"\nspecs = ["acme_evil:Checks"]\n'
    (directory / "plugin.toml").write_text((directory / "plugin.toml").read_text() + build)
    packed = pack(directory, tmp_path / "scan.hhp").path
    subject = subject_of_plugin(packed, KERNEL_SPECS)
    assert subject.unknown == ("acme_unknown",)
    assert not (tmp_path / "ran").exists()


PAGES = files(subject_of_specs("Acme", [ArtifactHooks]))


@pytest.mark.parametrize("foreign", ["notes.md", "index.md", "index.html", "notes.txt", ".hidden"])
def test_a_directory_with_a_foreign_file_is_left_alone(tmp_path: Path, foreign: str) -> None:
    target = tmp_path / "docs"
    target.mkdir()
    (target / foreign).write_text("mine")
    with pytest.raises(BuildError, match=f"holds '{foreign}', which is no page of an earlier run") as caught:
        write_pages(PAGES, target)
    assert "name another directory with --out" in caught.value.hint
    assert [each.name for each in target.iterdir()] == [foreign]
    assert (target / foreign).read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["docs"]


def test_a_link_or_a_file_in_the_directorys_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").write_text("mine")
    for name in ("link", "file"):
        with pytest.raises(BuildError, match="is there and is no directory"):
            write_pages(PAGES, tmp_path / name)
    assert not any((tmp_path / "real").iterdir())
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("kind", ["link", "directory", "pipe"])
def test_what_only_has_the_name_of_a_page_is_not_followed_or_removed(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "docs"
    target.mkdir()
    (tmp_path / "real.md").write_text(PAGES["index.md"])
    entry = target / "index.md"
    {
        "link": lambda: entry.symlink_to("../real.md"),
        "directory": entry.mkdir,
        "pipe": lambda: os.mkfifo(entry),
    }[kind]()
    with pytest.raises(BuildError, match=r"holds 'index\.md'"):
        write_pages(PAGES, target)
    assert (tmp_path / "real.md").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(BuildError, match="cannot be written: Permission denied"):
        write_pages(PAGES, tmp_path / "closed" / "docs")


def test_a_name_that_no_file_can_have_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    write_pages(PAGES, tmp_path / "docs")
    before = (tmp_path / "docs" / "index.md").read_bytes()
    with pytest.raises(BuildError, match="cannot be written"):
        write_pages({"index.md": "x", "n" * 300 + ".md": "y"}, tmp_path / "docs")
    assert (tmp_path / "docs" / "index.md").read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["docs"]
