"""A graph as SVG: no script, no outside resource, readable in a light and a dark page."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from hyperhost.drawing.layout import Layout, lay_out
from hyperhost.drawing.model import Drawing, Edge, Node

__all__ = ["to_svg"]

_LETTER: Final = 7.3
"""Width of a letter of the 12 px monospaced text, a little more than any common font needs."""
_SMALL: Final = 6.1
_PADDING: Final = 12.0
_LINE: Final = 17.0
_GAP: Final = 18.0
_BETWEEN: Final = 56.0
_MARGIN: Final = 20.0
_TITLE: Final = 30.0

_STYLE: Final = """
  text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1c2733; }
  .title { font-size: 15px; font-weight: 600; }
  .note, .edge-label { font-size: 10px; fill: #55636f; }
  .behind { fill: #ffffff; fill-opacity: 0.85; }
  .box { fill: #eef4fa; stroke: #5b8db8; }
  .root .box { fill: #1f4e79; stroke: #12304b; } .root text { fill: #ffffff; }
  .problem .box { fill: #fbe3e1; stroke: #b3261e; } .problem text { fill: #7a1510; }
  .muted .box { fill: #f2f2f2; stroke: #bbbbbb; stroke-dasharray: 4 3; } .muted text { fill: #666666; }
  .edge { fill: none; stroke: #7b8a97; stroke-width: 1.3; }
  .edge.dashed { stroke-dasharray: 5 4; } .edge.problem { stroke: #b3261e; stroke-width: 2; }
"""


def to_svg(drawing: Drawing) -> str:
    """The graph as an SVG document, from left to right, on a white ground.

    Every box has its whole text as a tooltip; the document has a title and a description for screen readers.
    """
    widths = {node.id: _width(node) for node in drawing.nodes}
    heights = {node.id: 2 * _PADDING - 6 + _LINE * (2 if node.note else 1) for node in drawing.nodes}
    layout = lay_out(drawing, heights, _GAP)
    labels = _label_room(drawing, layout)
    lefts, columns = _columns(drawing, layout, widths, labels)
    top = _MARGIN + (_TITLE if drawing.title else 0)
    width = (columns[-1][1] if columns else 0) + _MARGIN
    if drawing.title:
        width = max(width, 2 * _MARGIN + len(drawing.title) * 9.2)
    height = top + layout.height + _MARGIN
    pen = _Pen(layout, lefts, widths, columns, top)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{_clean(drawing.title or "a graph")}</title>',
        f'<desc id="desc">{len(drawing.nodes)} boxes, {len(drawing.edges)} arrows</desc>',
        f"<style>{_STYLE}</style>",
        '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 1 L9 5 L0 9 z" fill="#7b8a97"/></marker></defs>',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    if drawing.title:
        lines.append(
            f'<text class="title" x="{_MARGIN}" y="{_MARGIN + 8:.0f}">{_clean(drawing.title)}</text>'
        )
    lines += [pen.edge(edge, index) for index, edge in enumerate(drawing.edges)]
    lines += [piece for node in drawing.nodes for piece in pen.node(node, heights[node.id])]
    lines += [pen.label(edge, index) for index, edge in enumerate(drawing.edges) if edge.label]
    return "\n".join([*lines, "</svg>"]) + "\n"


class _Pen:
    """Writes the elements; knows where everything is."""

    def __init__(
        self,
        layout: Layout,
        lefts: dict[str, float],
        widths: dict[str, float],
        columns: list[tuple[float, float]],
        top: float,
    ) -> None:
        self._layout, self._lefts, self._widths = layout, lefts, widths
        self._columns, self._top = columns, top

    def node(self, node: Node, height: float) -> Iterator[str]:
        x, width = self._lefts[node.id], self._widths[node.id]
        middle = self._top + self._layout.middle[node.id]
        text = middle + 4 - (_LINE / 2 if node.note else 0)
        kind = f' class="{node.kind}"' if node.kind in ("root", "problem", "muted") else ""
        whole = f"{node.label} ({node.note})" if node.note else node.label
        yield f"<g{kind}><title>{_clean(whole)}</title>"
        yield (
            f'<rect class="box" x="{x:.1f}" y="{middle - height / 2:.1f}" width="{width:.1f}" '
            f'height="{height:.1f}" rx="6"/>'
        )
        yield f'<text x="{x + _PADDING:.1f}" y="{text:.1f}">{_clean(node.label)}</text>'
        if node.note:
            below = text + _LINE
            yield f'<text class="note" x="{x + _PADDING:.1f}" y="{below:.1f}">{_clean(node.note)}</text>'
        yield "</g>"

    def edge(self, edge: Edge, index: int) -> str:
        kind = f" {edge.kind}" if edge.kind in ("dashed", "problem") else ""
        points = self._points(edge, index)
        if edge.source == edge.target:
            (x, y), _ = points
            path = f"M{x:.1f} {y - 5:.1f} c28 -22 28 32 0 {10:.1f}"
        else:
            path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
            for (x1, y1), (x2, y2) in itertools.pairwise(points):
                bow = (x2 - x1) / 2
                path += f" C{x1 + bow:.1f} {y1:.1f} {x2 - bow:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        return f'<path class="edge{kind}" marker-end="url(#arrow)" d={quoteattr(path)}/>'

    def label(self, edge: Edge, index: int) -> str:
        (x1, y1), (x2, y2) = self._points(edge, index)[-2:]
        # The middle of the last piece: neither edges from one box nor edges to one box share it.
        x, y = (x1 + 24, y1 - 8) if edge.source == edge.target else ((x1 + x2) / 2, (y1 + y2) / 2 + 8)
        width = len(edge.label) * _SMALL
        left = x if edge.source == edge.target else x - width / 2
        # A ground of its own instead of an outline of the letters, which not every viewer paints behind them.
        return (
            f'<rect class="behind" x="{left - 2:.1f}" y="{y - 14:.1f}" width="{width + 4:.1f}" height="12"/>'
            f'<text class="edge-label" x="{left:.1f}" y="{y - 5:.1f}">{_clean(edge.label)}</text>'
        )

    def _points(self, edge: Edge, index: int) -> list[tuple[float, float]]:
        """Where it starts, the columns that it crosses, where it ends."""
        layer, middle = self._layout.layer, self._layout.middle
        backward = layer[edge.target] <= layer[edge.source]
        start, end = self._lefts[edge.source], self._lefts[edge.target]
        start += 0 if backward and edge.source != edge.target else self._widths[edge.source]
        end += self._widths[edge.target] if backward else 0
        points = [(start, self._top + middle[edge.source])]
        for column, y in self._layout.bends[index]:
            left, right = self._columns[column]
            crossing = [(left, self._top + y), (right, self._top + y)]
            points += crossing[::-1] if backward else crossing
        return [*points, (end, self._top + middle[edge.target])]


def _label_room(drawing: Drawing, layout: Layout) -> dict[int, float]:
    """Width that the longest label before each layer takes."""
    room: dict[int, float] = {}
    for edge in drawing.edges:
        source, target = layout.layer[edge.source], layout.layer[edge.target]
        before = target if target > source else target + 1
        room[before] = max(room.get(before, 0.0), len(edge.label) * _SMALL)
    return room


def _columns(
    drawing: Drawing, layout: Layout, widths: dict[str, float], labels: dict[int, float]
) -> tuple[dict[str, float], list[tuple[float, float]]]:
    """Left end of each box, and both ends of each column."""
    widest: dict[int, float] = {}
    for node in drawing.nodes:
        column = layout.layer[node.id]
        widest[column] = max(widest.get(column, 0.0), widths[node.id])
    columns: list[tuple[float, float]] = []
    x = _MARGIN
    for column in range(max(widest, default=-1) + 1):
        if column:
            x += _BETWEEN + labels.get(column, 0.0)
        columns.append((x, x + widest[column]))
        x += widest[column]
    return {node.id: columns[layout.layer[node.id]][0] for node in drawing.nodes}, columns


def _width(node: Node) -> float:
    return 2 * _PADDING + max(len(node.label) * _LETTER, len(node.note) * _SMALL)


def _clean(text: str) -> str:
    """Text that XML allows."""
    return escape("".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text))
