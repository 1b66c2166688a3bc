"""A graph as Mermaid text, which code hosts and editors draw."""

from __future__ import annotations

from typing import Final

from hyperhost.drawing.model import Drawing, Edge, Node

__all__ = ["to_mermaid"]

_STYLES: Final = {
    "root": "fill:#1f4e79,color:#ffffff,stroke:#12304b",
    "problem": "fill:#fbe3e1,color:#7a1510,stroke:#b3261e",
    "muted": "fill:#f2f2f2,color:#666666,stroke:#bbbbbb,stroke-dasharray:4 3",
}
_ARROWS: Final = {"": "-->", "dashed": "-.->", "problem": "==>"}


def to_mermaid(drawing: Drawing) -> str:
    """The graph as a Mermaid flow chart, from left to right.

    Nodes are named ``n0``, ``n1``, … because Mermaid allows little in a name; labels are quoted, with
    what means something to Mermaid or HTML written as entities.
    """
    names = {node.id: f"n{index}" for index, node in enumerate(drawing.nodes)}
    lines = ["---", f"title: {_title(drawing.title)}", "---"] if drawing.title else []
    lines.append("flowchart LR")
    lines += [f"  {names[node.id]}{_box(node)}" for node in drawing.nodes]
    lines += [f"  {names[edge.source]} {_arrow(edge)} {names[edge.target]}" for edge in drawing.edges]
    for kind, style in _STYLES.items():
        members = [names[node.id] for node in drawing.nodes if node.kind == kind]
        if members:
            lines += [f"  classDef {kind} {style}", f"  class {','.join(members)} {kind}"]
    return "\n".join(lines) + "\n"


def _box(node: Node) -> str:
    words = _quoted(node.label) + (f"<br/><small>{_quoted(node.note)}</small>" if node.note else "")
    return f'["{words}"]'


def _arrow(edge: Edge) -> str:
    arrow = _ARROWS.get(edge.kind, "-->")
    return f'{arrow}|"{_quoted(edge.label)}"|' if edge.label else arrow


def _quoted(text: str) -> str:
    """Every character that is not plainly harmless as an entity by its number."""
    return "".join(
        each if each.isalnum() or each in " ./-_@:,=*+~" else f"#{ord(each)};"
        for each in text
        if each.isprintable()
    )


def _title(text: str) -> str:
    """A YAML string in single quotes."""
    return "'" + "".join(each for each in text if each.isprintable()).replace("'", "''") + "'"
