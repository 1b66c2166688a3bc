"""Exports and backups that were edited by somebody who knows how they are made."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

from builtin_plugins.transfer.container import END, header, padding
from builtin_plugins.transfer.writing import line_of

__all__ = ["Members", "artifact", "edited", "honest", "members_of", "packed"]

Members = list[tuple[str, bytes]]


def members_of(data: bytes) -> Members:
    """The members of a file, in order."""
    found = []
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            file = archive.extractfile(member)
            assert file is not None
            found.append((member.name, file.read()))
    return found


def packed(members: Members) -> bytes:
    """A file of these members, whatever they say."""
    return b"".join(header(n, len(d)) + d + bytes(padding(len(d))) for n, d in members) + END


def honest(members: Members) -> bytes:
    """A file whose digests are right, so that only what it says is wrong."""
    chunks, contents = [], hashlib.sha256()
    amounts = [0, 0]
    for name, data in members:
        if name.endswith(".jsonl"):
            digest = hashlib.sha256(data).hexdigest()
            chunks.append({"name": name, "sha256": digest, "lines": data.count(b"\n")})
        elif name.startswith("contents/"):
            _, algorithm, digest = name.split("/", 2)
            contents.update(f"{algorithm}:{digest.replace('/', '')} {len(data)}\n".encode())
            amounts = [amounts[0] + 1, amounts[1] + len(data)]
    summary = json.loads(dict(members)["manifest.json"])["summary"]
    for kind in ("artifacts", "namespaces"):
        if kind in summary:
            summary[kind] = sum(each["lines"] for each in chunks if each["name"].startswith(kind))
    manifest = {
        "header": hashlib.sha256(members[0][1]).hexdigest(),
        "chunks": chunks,
        "contents": {"contents": amounts[0], "content_bytes": amounts[1], "sha256": contents.hexdigest()},
        "summary": summary,
    }
    rest = [member for member in members if member[0] != "manifest.json"]
    return packed([*rest, ("manifest.json", line_of(manifest) + b"\n")])


def edited(data: bytes, kind: str, change: Callable[[Any], Any]) -> bytes:
    """The file with the first line of a kind changed, and honest digests."""
    members = []
    done = False
    for name, text in members_of(data):
        if name.startswith(f"{kind}/") and not done:
            done = True
            first, _, rest = text.partition(b"\n")
            made = change(json.loads(first))
            first = made if isinstance(made, bytes) else line_of(made)
            text = first + b"\n" + rest
        members.append((name, text))
    assert done
    return honest(members)


def artifact(**changes: Any) -> Callable[[Any], Any]:
    """A change of the artifact of a line."""

    def change(line: Any) -> Any:
        return {**line, "artifact": {**line["artifact"], **changes}}

    return change
