"""Drawings of graphs: the same graph as text, Mermaid and SVG."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperhost.drawing import Drawing, Edge, Node, to_mermaid, to_svg, to_text
from hyperhost.drawing.layout import lay_out

SVG = "{http://www.w3.org/2000/svg}"


def drawing(*edges: str, title: str = "") -> Drawing:
    """A graph from texts such as ``a b``; a node for every word, in the order of the first mention."""
    pairs = [each.split() for each in edges]
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    return Drawing(
        [Node(name, name) for name in names], [Edge(*pair) for pair in pairs if len(pair) > 1], title
    )


def test_a_tree_has_a_line_for_each_edge_and_one_for_the_root() -> None:
    graph = Drawing(
        [Node("a", "app 1.0.0"), Node("l", "log 2.0.0", "deprecated"), Node("d", "db 1.0.0")],
        [Edge("a", "l", "^2"), Edge("a", "d")],
    )
    assert to_text(graph) == "app 1.0.0\n├── log 2.0.0 [^2] (deprecated)\n└── db 1.0.0\n"


def test_what_was_shown_with_all_it_needs_is_not_shown_twice() -> None:
    assert to_text(drawing("a b", "b c", "a c", "c d")) == (
        "a\n├── b\n│   └── c\n│       └── d\n└── c (above)\n"
    )


def test_a_leaf_is_shown_wherever_it_is_needed() -> None:
    assert to_text(drawing("a b", "b c", "a c")) == "a\n├── b\n│   └── c\n└── c\n"


def test_a_cycle_is_named_where_it_closes() -> None:
    assert to_text(drawing("a b", "b c", "c b")) == "a\n└── b\n    └── c\n        └── b (a cycle)\n"


def test_a_graph_that_is_one_cycle_begins_with_its_first_node() -> None:
    assert to_text(drawing("a b", "b a")) == "a\n└── b\n    └── a (a cycle)\n"


def test_a_depth_ends_each_branch() -> None:
    assert to_text(drawing("a b", "b c"), depth=1) == "a\n└── b\n"


def test_a_chain_of_thousands_is_no_recursion() -> None:
    graph = drawing(*(f"n{i} n{i + 1}" for i in range(3_000)))
    assert to_text(graph).count("\n") == 3_001
    assert to_svg(graph).count("<rect class=") == 3_001


def test_every_node_and_every_edge_is_drawn() -> None:
    graph = drawing("a b", "a c", "b d", "c d", "d a", "d d", "x", title="all of it")
    root = ET.fromstring(to_svg(graph))
    boxes = root.findall(f".//{SVG}rect[@class='box']")
    arrows = root.findall(f".//{SVG}path[@marker-end]")
    assert (len(boxes), len(arrows)) == (5, 6)
    assert root.findtext(f"{SVG}title") == "all of it"
    assert to_mermaid(graph).count("-->") == 6


def test_boxes_do_not_overlap() -> None:
    graph = drawing(*(f"n{i} n{j}" for i in range(12) for j in range(i + 1, min(i + 4, 12))))
    root = ET.fromstring(to_svg(graph))
    boxes = [
        [float(box.get(key, "")) for key in ("x", "y", "width", "height")]
        for box in root.findall(f".//{SVG}rect[@class='box']")
    ]
    for (x1, y1, w1, h1), (x2, y2, w2, h2) in itertools.combinations(boxes, 2):
        apart = x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 or y2 + h2 <= y1
        assert apart, (x1, y1, x2, y2)


def test_a_label_that_is_markup_stays_text() -> None:
    graph = Drawing(
        [Node("a", '<script>alert("x")</script>', "&\x00\x1b[31m"), Node("b", 'b"] --> c')],
        [Edge("a", "b", "]]>|<")],
        title="</title><script>",
    )
    svg = to_svg(graph)
    root = ET.fromstring(svg)
    assert "<script" not in svg
    assert any(text.text == '<script>alert("x")</script>' for text in root.iter(f"{SVG}text"))
    assert "\x1b" not in svg
    mermaid = to_mermaid(graph)
    assert re.fullmatch(r'  n1\["b#34;#93; --#62; c"\]', mermaid.splitlines()[5])
    assert "<script" not in mermaid.replace("title: '</title><script>'", "")


@pytest.mark.parametrize(
    ("nodes", "edges", "words"),
    [
        ([Node("a", "1"), Node("a", "2")], [], "two nodes have one id"),
        ([Node("a", "1")], [Edge("a", "b")], "an edge names 'b', which is no node"),
    ],
)
def test_a_graph_that_contradicts_itself_is_refused(nodes: list[Node], edges: list[Edge], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Drawing(nodes, edges)


_GRAPHS = st.integers(1, 9).flatmap(
    lambda n: st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=20).map(
        lambda pairs: Drawing(
            [Node(str(i), str(i)) for i in range(n)], [Edge(str(a), str(b)) for a, b in pairs]
        )
    )
)


@given(_GRAPHS)
@settings(max_examples=150, deadline=None)
def test_any_graph_is_laid_out_with_what_is_pointed_at_further_right_but_for_cycles(graph: Drawing) -> None:
    layout = lay_out(graph, {node.id: 20.0 for node in graph.nodes}, 10.0)
    forward = [edge for edge in graph.edges if layout.layer[edge.source] < layout.layer[edge.target]]
    # What runs forward has no cycle, and every other edge closes one, or is a node's own.
    followers: dict[str, set[str]] = {node.id: set() for node in graph.nodes}
    for edge in forward:
        followers[edge.source].add(edge.target)
    for edge in graph.edges:
        if edge not in forward:
            assert edge.source == edge.target or edge.source in _reached(edge.target, followers)
    by_layer: dict[int, list[float]] = {}
    for node in graph.nodes:
        by_layer.setdefault(layout.layer[node.id], []).append(layout.middle[node.id])
    for middles in by_layer.values():
        for one, other in itertools.pairwise(sorted(middles)):
            assert other - one >= 30 - 1e-6
    assert to_svg(graph) == to_svg(graph)
    assert len(to_text(graph).splitlines()) == len(graph.starts()) + len(graph.edges)


def _reached(start: str, followers: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += followers[one]
    return seen
