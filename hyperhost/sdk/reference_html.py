"""Reference pages as HTML: each a file of its own, without scripts, in light and dark."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from hyperhost.sdk.reference_model import (
    ADDRESS,
    Block,
    Bullets,
    Code,
    Heading,
    Line,
    Page,
    Paragraph,
    Span,
    Table,
    anchors,
    visible,
)

__all__ = ["MARK", "html"]

MARK: Final = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta name="generator" content="hyperhost plugin docs">'
)
"""How every page begins, by which it is known again."""

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2129; --soft: #596273; --paper: #fff; --shade: #f3f5f8;
  --line: #d8dde6; --link: #0b57c2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ec; --soft: #9aa4b5; --paper: #14171c;
  --shade: #1f242c; --line: #353c48; --link: #8ab8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 62rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: break-word; }
h1, h2, h3, h4 { line-height: 1.25; margin: 2.2em 0 .6em; }
h1 { margin-top: 0; font-size: 1.9rem; }
h2 { font-size: 1.4rem; border-bottom: 1px solid var(--line); padding-bottom: .25em; }
h3 { font-size: 1.15rem; }
h4 { font-size: 1rem; color: var(--soft); }
a { color: var(--link); }
code, pre { font: .9em/1.5 ui-monospace, monospace; }
code { background: var(--shade); border-radius: .25em; padding: .1em .3em; }
pre { background: var(--shade); border-radius: .5em; padding: .9em 1.1em; overflow-x: auto; }
pre code { padding: 0; background: none; font-size: 1em; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .45em .7em; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
"""
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEAD: Final = (
    f"{MARK}\n"
    '<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    # Nothing is loaded and nothing runs, whatever a text contains.
    '<meta http-equiv="Content-Security-Policy" '
    f"content=\"default-src 'none'; style-src 'sha256-{_DIGEST}'\">\n"
    '<meta name="referrer" content="no-referrer">\n'
)


def html(page: Page, places: Mapping[str, tuple[str, str]]) -> str:
    """The text of a page.

    Args:
        page: What to write.
        places: Page name and anchor of every heading by its key.
    """
    writer = _Writer(page, places)
    body = "\n".join(writer.block(block) for block in page.blocks)
    title = f"<title>{_text(page.title)}</title>\n<style>{_STYLE}</style>\n"
    return f"{_HEAD}{title}</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"


class _Writer:
    def __init__(self, page: Page, places: Mapping[str, tuple[str, str]]) -> None:
        self._page = page
        self._places = places
        self._anchors = iter(anchors(page))

    def block(self, block: Block) -> str:
        match block:
            case Heading(level, line):
                anchor = escape(next(self._anchors), quote=True)
                return f'<h{level} id="{anchor}">{self._line(line)}</h{level}>'
            case Paragraph(line):
                return f"<p>{self._line(line)}</p>"
            case Code(text, _):
                return f"<pre><code>{escape(visible(text, lines=True).strip(chr(10)))}</code></pre>"
            case Bullets(items):
                return "\n".join(["<ul>", *(f"<li>{self._line(item)}</li>" for item in items), "</ul>"])
            case Table(head, rows):
                titles = "".join(f'<th scope="col">{_text(title)}</th>' for title in head)
                top = f"<thead><tr>{titles}</tr></thead>\n" if any(head) else ""
                lines = [f'<div class="table">\n<table>\n{top}<tbody>', *map(self._row, rows)]
                return "\n".join([*lines, "</tbody>\n</table>\n</div>"])

    def _row(self, cells: Sequence[Line]) -> str:
        return f"<tr>{''.join(f'<td>{self._line(cell)}</td>' for cell in cells)}</tr>"

    def _line(self, line: Line) -> str:
        return "".join(map(self._span, line))

    def _span(self, span: Span) -> str:
        shown = _text(span.text)
        if span.style != "plain" and shown.strip():
            tag = "code" if span.style == "code" else "strong"
            shown = f"<{tag}>{shown}</{tag}>"
        if span.key in self._places:
            name, anchor = self._places[span.key]
            file = "" if name == self._page.name else f"{name}.html"
            return f'<a href="{escape(f"{file}#{anchor}", quote=True)}">{shown}</a>'
        if span.address and ADDRESS.fullmatch(span.text):
            return f'<a href="{shown}" rel="noreferrer nofollow">{shown}</a>'
        return shown


def _text(text: str) -> str:
    return escape(visible(text), quote=True)
