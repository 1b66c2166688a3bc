"""Contract types of what a template generates, and the rule for paths that may be written.

Whoever writes outputs to disk got them from somewhere else, maybe over a network: the rule is here so
that the side that generates and the side that writes hold to the same one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = ["Generated", "GeneratedOutput", "OutputKind", "path_problem", "paths_problem"]

_LONGEST_PATH: Final = 1_024
_LONGEST_NAME: Final = 255
_DEVICE: Final = re.compile(
    r"(?:con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.I
)
"""Names that are devices on Windows, whatever is behind the dot."""
_FORBIDDEN: Final = re.compile(r'[<>:"|?*\\]')
"""What has a meaning of its own in paths of Windows; a backslash separates names there."""


class OutputKind(StrEnum):
    """What an output is."""

    FILE = "file"
    DIRECTORY = "directory"
    ARTIFACT = "artifact"


@dataclass(frozen=True, slots=True)
class GeneratedOutput:
    """One thing that a template generated.

    Attributes:
        path: Below the target folder, with ``/`` between names. Of an artifact: its coordinates.
        kind: What it is.
        mode: Unix mode in octal, ``0644``: owner, group and others, nothing more.
        text: Content of a file; the draft of an artifact as JSON; empty for a directory.
    """

    path: str
    kind: OutputKind = OutputKind.FILE
    mode: str = "0644"
    text: str = ""


@dataclass(frozen=True, slots=True)
class Generated:
    """What a template generated, as data.

    Attributes:
        template: The template with its version.
        outputs: In the order of the template.
        before: Messages to be shown before the outputs are written.
        after: Messages to be shown afterwards.
        created: Ids of the artifacts that were created, in order.
    """

    template: str
    outputs: list[GeneratedOutput]
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)


def path_problem(path: str) -> str | None:
    """Why nothing may be written at a path below a target folder; ``None`` when it may.

    A path that passes stays below the folder and is one file on every system: it is relative, no name
    in it is ``..`` or a device, nothing is invisible or means something else on Windows.
    """
    if not path or len(path.encode(errors="replace")) > _LONGEST_PATH:
        return f"it is empty, or longer than {_LONGEST_PATH} bytes"
    if path.startswith("/"):
        return "it is absolute"
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in path):
        return "it holds a control character"
    if found := _FORBIDDEN.search(path):
        return f"it holds {found[0]!r}"
    for name in path.split("/"):
        if name in ("", ".", ".."):
            return f"{name!r} in it is no name"
        if len(name.encode()) > _LONGEST_NAME:
            return f"a name in it is longer than {_LONGEST_NAME} bytes"
        if name.endswith((".", " ")) or name.startswith(" "):
            return f"{name!r} begins or ends with what some systems drop"
        if _DEVICE.fullmatch(name):
            return f"{name!r} is a device on some systems"
        if name.casefold() == ".git":
            return f"{name!r} in it belongs to git, which would run hooks from there"
    return None


def paths_problem(outputs: Iterable[GeneratedOutput]) -> tuple[int, str] | None:
    """The first output that must not be written, by number, and why; ``None`` when all may be.

    Besides each path by itself this looks at them together: two must not be one file where case does
    not count, and none may be below a file.
    """
    kinds: dict[str, OutputKind] = {}
    folders: set[str] = set()
    for index, output in enumerate(outputs):
        if output.kind is OutputKind.ARTIFACT:
            continue
        problem = path_problem(output.path)
        if problem is not None:
            return index, problem
        if not re.fullmatch(r"0?[0-7]{3}", output.mode):
            return index, f"{output.mode[:20]!r} is no unix mode of owner, group and others"
        key = unicodedata.normalize("NFC", output.path).casefold()
        if key in kinds or (key in folders and output.kind is OutputKind.FILE):
            return index, "it is there twice"
        kinds[key] = output.kind
        names = key.split("/")
        above = ["/".join(names[:count]) for count in range(1, len(names))]
        if any(kinds.get(each) is OutputKind.FILE for each in above):
            return index, "it is below a file"
        folders.update(above)
    return None
