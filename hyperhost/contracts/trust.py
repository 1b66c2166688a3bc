"""Contract types of update security: a repository as a client trusts it, and what it serves."""

from __future__ import annotations

from dataclasses import dataclass, field

from hyperhost.contracts.types import S64, U64

__all__ = ["ServedFile", "TrustSource", "TrustState", "TrustedTarget"]


@dataclass(frozen=True, slots=True)
class TrustSource:
    """A repository and what a client remembers of it.

    Attributes:
        metadata_dir: Directory of the client's own, with what it trusts.
        metadata_url: Where the repository has its metadata.
        target_url: Where it has its targets; empty when none will be fetched.
    """

    metadata_dir: str
    metadata_url: str
    target_url: str = ""


@dataclass(frozen=True, slots=True)
class TrustState:
    """Which metadata a client trusts after a refresh.

    Attributes:
        root: Version of the root.
        timestamp: Version of the timestamp.
        snapshot: Version of the snapshot.
        targets: Version of the top-level targets.
        expires_at_us: When the first of them expires.
    """

    root: U64
    timestamp: U64
    snapshot: U64
    targets: U64
    expires_at_us: S64


@dataclass(frozen=True, slots=True)
class TrustedTarget:
    """What is signed about one target.

    Attributes:
        path: Path of the target: ``namespace/name/version`` of an artifact, and
            ``namespace/name/index.json`` for the versions that there are of it.
        length: Bytes.
        hashes: Digest in hex by algorithm.
        custom_json: What else is signed of it, a JSON object: ``id``, ``type``, ``dependencies`` and
            ``record``, the SHA-256 of the artifact's record; ``index`` of an index, the number of its format.
        file: Where its content is; empty when it was not fetched.
    """

    path: str
    length: U64
    hashes: dict[str, str] = field(default_factory=dict)
    custom_json: str = "{}"
    file: str = ""


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file that a repository hands out.

    Attributes:
        data: Its bytes, where it is no content.
        content_hash: Which content it is, ``algorithm:hex``; empty when ``data`` is it.
        lasting: It never changes under this name, so it may be kept for good.
    """

    data: bytes = b""
    content_hash: str = ""
    lasting: bool = False
