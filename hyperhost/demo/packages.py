"""What the registry's demo loads: the package index of a Debian machine, else the Python distributions here.

The same packages come in the same order on every run over the same index. Nothing is fetched.
"""

from __future__ import annotations

import gzip
import io
import lzma
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

__all__ = ["LISTS", "Package", "packages", "semver_of"]

LISTS: Final = Path("/var/lib/apt/lists")
_APT_HELPER: Final = "/usr/lib/apt/apt-helper"
_RELATION: Final = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_FEW: Final = 100
"""An index of fewer packages shows nothing."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package.

    Attributes:
        namespace: Where it goes in the registry.
        name: In kebab-case, unique in its namespace.
        version: As SemVer.
        original: Its own name and version.
        description: One line.
        author: Who maintains it.
        homepage: URL; may be empty.
        labels: Section and the like.
        needs: Names of packages, as ``name``.
        text: Its entry in the index.
    """

    namespace: str
    name: str
    version: str
    original: str
    description: str
    author: str = ""
    homepage: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    needs: list[str] = field(default_factory=list)
    text: str = ""


def packages(limit: int, lists: Path = LISTS) -> tuple[str, list[Package]]:
    """Where packages come from, and at most so many of them, evenly over the whole index."""
    stanzas = list(_debian(lists))
    if len(stanzas) >= _FEW:
        step = max(1, len(stanzas) // limit)
        found = _unique(map(_of_stanza, stanzas[::step]))
        return f"the package index of this machine ({len(stanzas):,} packages)", found[:limit]
    found = _unique(_distributions())
    return f"the Python distributions of this machine ({len(found):,})", found[:limit]


def semver_of(version: str) -> str:
    """The SemVer version that comes nearest to any other; what does not fit is kept as build metadata."""
    upstream = version.rpartition(":")[2]
    numbers = re.findall(r"\d+", upstream.partition("-")[0])[:3]
    core = ".".join(str(int(each[:15])) for each in [*numbers, "0", "0", "0"][:3])
    return core if core == version else f"{core}+{re.sub(r'[^0-9A-Za-z-]+', '.', version).strip('.') or '0'}"


def _unique(found: Iterable[Package]) -> list[Package]:
    kept: dict[tuple[str, str], Package] = {}
    for package in found:
        kept.setdefault((package.namespace, package.name), package)
    return list(kept.values())


def _name(text: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", text.lower().replace("+", "-plus-")).strip("-")[:100]
    return name or "nameless"


def _of_stanza(stanza: dict[str, str]) -> Package:
    section = _name(stanza.get("Section", "misc").rpartition("/")[2])
    relations = (_RELATION.match(each.strip()) for each in stanza.get("Depends", "").split(","))
    labels = {"priority": stanza.get("Priority", "optional"), "arch": stanza.get("Architecture", "all")}
    return Package(
        f"local.debian.{section}",
        _name(stanza["Package"]),
        semver_of(stanza["Version"]),
        f"{stanza['Package']} {stanza['Version']}",
        stanza.get("Description", "").partition("\n")[0],
        stanza.get("Maintainer", ""),
        stanza.get("Homepage", ""),
        labels,
        sorted({_name(match[0]) for match in relations if match}),
        "".join(f"{key}: {value}\n" for key, value in stanza.items()),
    )


def _distributions() -> Iterator[Package]:
    from importlib.metadata import distributions

    known = [(item.metadata.json, item) for item in distributions()]
    named = {str(fields["name"]): (fields, item) for fields, item in known if fields.get("name")}
    for name, (fields, item) in sorted(named.items()):
        needs = [match[0] for each in item.requires or () if (match := re.match(r"[\w.-]+", each))]
        yield Package(
            "local.python",
            _name(name),
            semver_of(item.version),
            f"{name} {item.version}",
            str(fields.get("summary", "")).partition("\n")[0],
            str(fields.get("author", "")),
            str(fields.get("home_page", "")),
            {"language": "python"},
            sorted({_name(each) for each in needs}),
            (item.read_text("METADATA") or item.read_text("PKG-INFO") or name)[:100_000],
        )


def _debian(lists: Path) -> Iterator[dict[str, str]]:
    """Entries of the largest index that apt keeps here, else of what apt says itself."""
    files: list[Path] = []
    with suppress(OSError):
        files = sorted(lists.glob("*_Packages*"), key=lambda path: path.stat().st_size, reverse=True)
    for path in files[:1]:
        with suppress(OSError, EOFError, lzma.LZMAError, UnicodeDecodeError), _opened(path) as lines:
            yield from _split(lines)
            return
    if lists == LISTS and (apt := shutil.which("apt-cache")):
        done = subprocess.run([apt, "dumpavail"], capture_output=True, check=False)  # noqa: S603 - found on the path
        yield from _split(io.StringIO(done.stdout.decode("utf-8", "replace")))


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    if path.suffix == ".lz4":  # only apt itself reads these without a library
        done = subprocess.run([_APT_HELPER, "cat-file", path], capture_output=True, check=False)  # noqa: S603
        return io.StringIO(done.stdout.decode("utf-8", "replace"))
    return path.open(encoding="utf-8")


def _split(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    current: dict[str, str] = {}
    key = ""
    for raw in lines:
        line = raw.rstrip("\n")
        if line and line[0] not in " \t":
            key, _, value = line.partition(":")
            current[key] = value.strip()
        elif line and current:
            current[key] += "\n" + line.strip()
        elif current:
            if current.keys() >= {"Package", "Version"}:
                yield current
            current = {}
    if current.keys() >= {"Package", "Version"}:
        yield current
