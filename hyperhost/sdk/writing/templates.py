"""The files of new projects, as far as they are the same for all: ``hyperhost/sdk/templates/LANGUAGE/``.

A template is plain text with ``$name`` where something is put in; ``$$`` is one dollar sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from string import Template

__all__ = ["rendered", "templates_of"]

_SUFFIX = ".tmpl"


def templates_of(group: str) -> Iterator[tuple[str, Traversable]]:
    """Path within the project and file of each template of a group, sorted by path."""
    found: list[tuple[str, Traversable]] = []

    def walk(directory: Traversable, prefix: str) -> None:
        for entry in directory.iterdir():
            if entry.is_dir():
                walk(entry, f"{prefix}{entry.name}/")
            elif entry.name.endswith(_SUFFIX):
                found.append((prefix + entry.name.removesuffix(_SUFFIX).replace("dot-", "."), entry))

    walk(resources.files("hyperhost.sdk") / "templates" / group, "")
    yield from sorted(found, key=lambda item: item[0])


def rendered(group: str, values: Mapping[str, str]) -> dict[str, str]:
    """The files of a group by their path; names in paths are put in as well.

    Args:
        group: Directory of templates.
        values: What to put in.

    Raises:
        KeyError: a template asks for what ``values`` does not hold.
    """
    return {
        Template(path).substitute(values): Template(file.read_text(encoding="utf-8")).substitute(values)
        for path, file in templates_of(group)
    }
