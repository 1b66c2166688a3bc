"""Remotes by name: their records, and the directories in which it is kept what of them is trusted.

A record holds the root that the remote was added with, so that a restored backup, which has records and
no directories, trusts the same as before. What a directory knows beyond that protects from rollback.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from hyperhost.contracts import PageRequest, PutMode, TrustedTarget, TrustSource, TrustState
from hyperhost.errors import RefusalError
from hyperhost.offering import conflict, invalid, missing, wrong_state

if TYPE_CHECKING:
    from pluggy import HookRelay

    import hyperhost

__all__ = [
    "ROOT_MAX",
    "Remote",
    "Remotes",
    "Site",
    "all_records",
    "check_name",
    "check_url",
    "on_disk",
    "taken",
]

ROOT_MAX: Final = 512_000
"""Characters of a root."""

_REMOTES: Final = "remotes"
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_NAME_MAX: Final = 40
_RESERVED: Final = frozenset({"local", "index", "registry", "all"})
_URL_MAX: Final = 2_000
_LOOKED_UP: Final = 10_000
"""Paths in one question to ``trust_find``."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A registry elsewhere.

    Attributes:
        name: What it is called here; also the name of the source in a resolution.
        url: Where it is: its metadata lies below ``metadata/``, its contents below ``targets/``.
        added_at_us: When it was added.
        added_by: Who added it.
    """

    name: str
    url: str
    added_at_us: int = 0
    added_by: str = ""


class Remotes:
    """All remotes of a registry.

    Args:
        context: What the host says of itself.
    """

    def __init__(self, context: hyperhost.PluginContext) -> None:
        self._context = context

    def find(self, name: str) -> Remote | None:
        """A remote; ``None`` when there is none of that name."""
        text = self._text(name)
        return None if text is None else _remote(text)

    def get(self, name: str) -> Remote:
        """A remote.

        Raises:
            RefusalError: ``missing:remote``: there is none of that name.
        """
        found = self.find(name)
        if found is None:
            names = ", ".join(each.name for each in self.all())
            hint = f"known are {names}" if names else "add it: hyperhost remote add NAME URL --root root.json"
            raise missing("remote", f"there is no remote {name[:80]!r}", hint)
        return found

    def all(self) -> list[Remote]:
        """All of them, by name."""
        return [_remote(each) for _, each in all_records(self._context.hook, _REMOTES)]

    def keep(self, remote: Remote, root: str) -> None:
        """Note a remote.

        Raises:
            RefusalError: ``conflict:name``: there is one of that name.
        """
        if self.find(remote.name) is not None:
            raise taken(remote.name)
        data = {
            "name": remote.name,
            "url": remote.url,
            "added_at_us": remote.added_at_us,
            "added_by": remote.added_by,
            "root": root,
        }
        self._context.hook.storage_put_record(
            collection=_REMOTES, key=remote.name, data_json=json.dumps(data), mode=PutMode.CREATE
        )

    def drop(self, name: str) -> None:
        """Forget a remote, and what of it was trusted."""
        self._context.hook.storage_delete_record(collection=_REMOTES, key=name)
        shutil.rmtree(self.place(name), ignore_errors=True)

    def place(self, name: str) -> Path:
        """The directory of a remote.

        Raises:
            RefusalError: ``state:home``: the host keeps everything in memory.
        """
        if self._context.home is None:
            raise wrong_state("home", "remotes need a home directory", "give the host a home")
        return self._context.data / name

    def site(self, remote: Remote) -> Site:
        """A remote, to be asked.

        Raises:
            RefusalError: its root is not one any more.
        """
        site = Site(self._context.hook, remote, self.place(remote.name))
        if not site.is_begun:
            text = self._text(remote.name)
            site.begin(json.loads(text or "{}").get("root", "").encode())
        return site

    def begun(self, remote: Remote, root: str) -> Site:
        """A remote that is not kept yet, with its root trusted.

        Raises:
            RefusalError: ``invalid:root:format``.
        """
        site = Site(self._context.hook, remote, self.place(remote.name))
        site.begin(root.encode("utf-8", "replace"))
        return site

    def _text(self, name: str) -> str | None:
        if not _NAME.fullmatch(name) or len(name) > _NAME_MAX:
            return None
        text: str | None = self._context.hook.storage_get_record(collection=_REMOTES, key=name)
        return text


class Site:
    """One remote through the service ``trust``. One question at a time, whoever asks: a lock sees to that.

    Args:
        hook: The host's hooks.
        remote: The remote.
        place: Its directory.
    """

    def __init__(self, hook: HookRelay, remote: Remote, place: Path) -> None:
        self._hook = hook
        self.remote = remote
        self.place = place
        base = remote.url.rstrip("/")
        self._source = TrustSource(str(place / "trusted"), f"{base}/metadata/", f"{base}/targets/")

    @property
    def is_begun(self) -> bool:
        """Whether a root is trusted."""
        return (self.place / "trusted" / "root.json").exists()

    def begin(self, root: bytes) -> int:
        """Trust a root; nothing is fetched. Answers its version."""
        with self._alone():
            version: int = self._hook.trust_begin(metadata_dir=self._source.metadata_dir, root=root)
        return version

    def refresh(self) -> TrustState:
        """Bring what is known of the remote up to date."""
        with self._alone():
            state: TrustState = self._hook.trust_refresh(source=self._source)
        return state

    def find(self, paths: list[str]) -> dict[str, TrustedTarget]:
        """What is signed of targets, by path, as far as there are such."""
        found: dict[str, TrustedTarget] = {}
        for start in range(0, len(paths), _LOOKED_UP):
            part = paths[start : start + _LOOKED_UP]
            with self._alone():
                found |= {each.path: each for each in self._hook.trust_find(source=self._source, paths=part)}
        return found

    def everything(self, scope: str) -> list[TrustedTarget]:
        """All targets of a namespace and below."""
        with self._alone():
            found: list[TrustedTarget] = self._hook.trust_list(source=self._source, scope=scope)
        return found

    def fetch(self, paths: list[str], directory: Path) -> list[TrustedTarget]:
        """Fetch targets into a directory; what comes back is what was signed, down to the last byte."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone():
            found: list[TrustedTarget] = self._hook.trust_fetch(
                source=self._source, paths=paths, directory=str(directory)
            )
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes and threads from the trusted metadata."""
        with on_disk(self.place):
            self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


@contextmanager
def on_disk(place: Path) -> Iterator[None]:
    """Errors of the operating system as refusals.

    Raises:
        RefusalError: ``storage.file``.
    """
    try:
        yield
    except OSError as error:
        raise RefusalError(
            f"{place}: {error.strerror or error}",
            "storage.file",
            hint="check that the home may be used and has room",
        ) from error


def check_name(name: str) -> None:
    """Return if a remote may have this name.

    Raises:
        RefusalError: ``invalid:name:…``.
    """
    if not _NAME.fullmatch(name) or len(name) > _NAME_MAX:
        raise invalid(
            "name", "kebab-case", f"{name[:80]!r} is no name of a remote", f"as in acme; {_NAME_MAX} at most"
        )
    if name in _RESERVED:
        raise invalid("name", "reserved", f"a remote cannot be called {name}", "give it another name")


def check_url(url: str) -> str:
    """The address of a remote, without a slash at the end.

    Raises:
        RefusalError: ``invalid:url:…``: it is none, or holds what would be shown to others.
    """
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or len(url) > _URL_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise invalid("url", "http", f"{url[:200]!r} is no address", "as in https://registry.example")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise invalid("url", "plain", "an address has no password, query or fragment", "leave them out of it")
    return url.rstrip("/")


def taken(name: str) -> Exception:
    """That there is a remote of a name already."""
    return conflict("name", f"there is a remote {name} already", f"see: hyperhost remote show {name}")


def all_records(hook: HookRelay, collection: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every record of a collection: its key, its document."""
    token = ""
    while True:
        page: Any = hook.storage_list_records(
            collection=collection, prefix=prefix, page=PageRequest(1_000, token)
        )
        yield from ((each.key, each.data_json) for each in page.items)
        token = page.next_token
        if not token:
            return


def _remote(text: str) -> Remote:
    data = json.loads(text)
    return Remote(data["name"], data["url"], data["added_at_us"], data["added_by"])
