"""Functions that were written by hand, for hooks where something small and useful is known.

They are in ``hyperhost/sdk/templates/bodies/LANGUAGE/HOOK.tmpl``. First lines that begin with ``uses:`` name
what has to be imported, then the text follows as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

__all__ = ["Body", "body_of"]


@dataclass(frozen=True, slots=True)
class Body:
    """What a function does.

    Attributes:
        text: Its lines, without the head and not indented.
        names: Names of types that it uses.
    """

    text: str
    names: tuple[str, ...] = ()


def body_of(language: str, hook: str) -> Body | None:
    """The body for a hook in a language, or ``None`` when nobody wrote one."""
    file = resources.files("hyperhost.sdk") / "templates" / "bodies" / language / f"{hook}.tmpl"
    if not file.is_file():
        return None
    text = file.read_text(encoding="utf-8")
    names: tuple[str, ...] = ()
    if text.startswith("uses:"):
        first, _, text = text.partition("\n")
        names = tuple(first.removeprefix("uses:").replace(",", " ").split())
    return Body(text.strip("\n"), names)
