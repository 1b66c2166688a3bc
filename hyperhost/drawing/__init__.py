"""Drawings of directed graphs: as text for a terminal, as Mermaid, as SVG.

    drawing = Drawing([Node("app", "app 1.0.0"), Node("log", "log 2.1.0")], [Edge("app", "log", "^2.0.0")])
    print(to_text(drawing))

What a graph means is the caller's; here a node has a label, a kind that gives it a colour, and edges.
The same drawing gives the same bytes.
"""

from hyperhost.drawing.mermaid import to_mermaid
from hyperhost.drawing.model import Drawing, Edge, Node
from hyperhost.drawing.svg import to_svg
from hyperhost.drawing.text import to_text

__all__ = ["Drawing", "Edge", "Node", "to_mermaid", "to_svg", "to_text"]
