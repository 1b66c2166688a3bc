"""A corpus of about 63,000 artifacts: the package index of a Debian machine, or one made up like it.

The index is read where apt keeps it, or asked of ``apt-cache dumpavail``. Either way the corpus is
the same from run to run on one machine.
"""

from __future__ import annotations

import gzip
import io
import lzma
import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from common import ROOT  # noqa: F401 - makes hyperhost importable from a checkout

from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactMetadata,
    ArtifactState,
    ArtifactType,
    ContentInfo,
    Dependency,
    Publisher,
    Visibility,
)

SIZE = 63_000
"""How many artifacts are made up where there is no index."""
_START_US = 1_700_000_000_000_000
_LISTS = Path(os.environ.get("DEB_LISTS", "/var/lib/apt/lists"))
_RELATION = re.compile(r"([a-z0-9][a-z0-9+.-]+)(?::\w+)?(?:\s*\(([<>=]+)\s*([^)]+)\))?")

Stanza = dict[str, str]


def stanzas() -> tuple[str, list[Stanza]]:
    """Where the corpus comes from, and its packages as fields."""
    files = sorted(_LISTS.glob("*_dists_*_main_binary-*_Packages*"), key=lambda path: path.stat().st_size)
    if files:
        with _opened(files[-1]) as lines:
            found = list(_split(lines))
        if found:
            return "Debian package index", found
    if shutil.which("apt-cache"):
        done = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=False)
        found = list(_split(io.StringIO(done.stdout)))
        if len(found) > 1000:
            return "apt-cache dumpavail", found
    return "made up", list(_made_up())


def artifacts(count: int | None = None) -> Iterator[Artifact]:
    """The corpus as artifacts; repeated under other names when more are asked for than there are.

    Namespaces are ``org.debian.SECTION``; a tenth of the artifacts lies one level deeper. Labels are
    the priority and the architecture, for some their role. Times, downloads and ratings are random.
    """
    _, base = stanzas()
    chance = random.Random(1)
    for number in range(len(base) if count is None else count):
        round_number, index = divmod(number, len(base))
        yield _artifact(base[index], number, round_number, chance)


def _artifact(stanza: Stanza, number: int, round_number: int, chance: random.Random) -> Artifact:
    section = re.sub(r"[^a-z0-9-]", "-", stanza.get("Section", "misc").rpartition("/")[2].lower())
    deeper = ".extra" if number % 10 == 0 else ""
    labels = {"priority": stanza.get("Priority", "optional"), "arch": stanza.get("Architecture", "all")}
    role = re.search(r"role::([a-z-]+)", stanza.get("Tag", ""))
    if role:
        labels["role"] = role[1]
    created = _START_US + number * 1_000_003
    state = chance.choices(list(ArtifactState), (5, 85, 7, 3))[0]
    kind = chance.choices(list(ArtifactType), (30, 10, 10, 10, 35, 5))[0]
    return Artifact(
        id=_uuid7(created, chance),
        namespace=f"org.debian.{section}{deeper}",
        name=stanza["Package"] + (f"-v{round_number}" if round_number else ""),
        type=kind,
        version=stanza["Version"],
        visibility=Visibility.PUBLIC,
        state=state,
        metadata=ArtifactMetadata(
            description=stanza.get("Description", ""),
            author=stanza.get("Maintainer", ""),
            tags=[tag.strip() for tag in stanza.get("Tag", "").split(",") if tag.strip()],
            homepage=stanza.get("Homepage", ""),
        ),
        labels=labels,
        content=ContentInfo(f"sha256:{stanza.get('SHA256', '0' * 64)}", int(stanza.get("Size", 0))),
        dependencies=[
            Dependency(f"org.debian/{found[1]}", f"{found[2]}{found[3]}" if found[3] else "*")
            for relation in stanza.get("Depends", "").split(",")
            if (found := _RELATION.match(relation.strip()))
        ],
        publisher=Publisher("debian"),
        activity=ArtifactActivity(
            created,
            created + chance.randrange(10**9),
            created,
            int(chance.paretovariate(0.7)),
            round(chance.uniform(0, 5), 2),
        ),
    )


def _uuid7(at_us: int, chance: random.Random) -> str:
    text = f"{at_us // 1000:012x}7{chance.getrandbits(12):03x}{0x8000 | chance.getrandbits(14):04x}"
    text += f"{chance.getrandbits(48):012x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _opened(path: Path) -> io.TextIOBase:
    if path.suffix == ".lz4":
        helper = subprocess.run(
            ["/usr/lib/apt/apt-helper", "cat-file", path], capture_output=True, check=False
        )
        return io.TextIOWrapper(io.BytesIO(helper.stdout), encoding="utf-8")
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")  # type: ignore[return-value]
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _split(lines: io.TextIOBase) -> Iterator[Stanza]:
    current: Stanza = {}
    key = ""
    for raw in lines:
        line = raw.rstrip("\n")
        if not line:
            if "Package" in current and "Version" in current:
                yield current
            current = {}
        elif line[0] in " \t":
            current[key] += "\n" + line[1:]
        else:
            key, _, value = line.partition(":")
            current[key] = value.strip()
    if "Package" in current and "Version" in current:
        yield current


def _made_up() -> Iterator[Stanza]:
    """Packages with lengths and frequencies like Debian's."""
    chance = random.Random(2)
    sections = [f"section{number}" for number in range(50)]
    weights = [1 / (number + 1) for number in range(50)]
    for number in range(SIZE):
        yield {
            "Package": f"part-{chance.getrandbits(32):08x}-{number}",
            "Version": f"{chance.randrange(9)}.{chance.randrange(20)}.{chance.randrange(30)}",
            "Section": chance.choices(sections, weights)[0],
            "Priority": chance.choices(["optional", "required", "important"], (97, 2, 1))[0],
            "Architecture": chance.choices(["all", "amd64"], (45, 55))[0],
            "Description": "a part of something " * chance.randrange(2, 5),
            "Maintainer": f"Acme Team {chance.randrange(300)} <team@acme.test>",
            "Tag": f"role::{chance.choice(['program', 'shared-lib', 'documentation'])}",
            "Depends": ", ".join(
                f"part-{chance.randrange(SIZE)} (>= 1.0)" for _ in range(chance.randrange(9))
            ),
            "Size": str(int(10_000 * chance.paretovariate(0.8))),
            "SHA256": f"{chance.getrandbits(256):064x}",
        }
