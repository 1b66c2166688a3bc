"""Hooks of the service ``trust``: what protects those who fetch from a registry, on both of its sides.

Exactly one provider answers (``[providers]`` in ``hyperhost.toml``). All of them are gates: after a
fault nothing counts as trusted. A client's refusals name the attack that they stop:

==================================  ============================================================
``trust.arbitrary-installation``    metadata is signed by none of the keys that are trusted for it
``trust.threshold``                 it is signed by some of them, and by fewer than have to
``trust.wrong-software``            a content is not the one that was signed
``trust.extraneous-dependencies``   what is said of an artifact was not signed
``trust.rollback``                  metadata is older than what was seen before
``trust.freeze``                    metadata has expired
``trust.mix-and-match``             parts of different states are put together
``trust.endless-data``              something is longer than it may be, or comes in too slowly
``trust.mirror``                    something cannot be had, or is no metadata
``trust.storage``                   what is trusted cannot be kept on this machine
==================================  ============================================================
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.trust import ServedFile, TrustedTarget, TrustSource, TrustState
from hyperhost.contracts.types import U64
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["TrustHooks"]


class TrustHooks(Protocol):
    """The service ``trust``."""

    @hookspec(service="trust", firstresult=True, raises=RefusalError)
    def trust_begin(self, metadata_dir: str, root: bytes) -> U64:
        """Trust a repository from now on. Nothing is fetched.

        After a fault it is not trusted.

        Args:
            metadata_dir: Directory of the client's own, in which what is trusted will be kept.
            root: The repository's root, from somebody who is trusted. It decides on everything else.

        Returns:
            Version of the root.

        Raises:
            RefusalError: ``invalid:root:format``; ``state:root`` when another one is trusted there.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def trust_begin(self, metadata_dir: str, root: bytes) -> int:
                    return 1

            host.register(Fixed())
            assert host.hook.trust_begin(metadata_dir="trusted", root=b"{}") == 1
            ```
        """
        ...

    @hookspec(service="trust", firstresult=True, raises=RefusalError)
    def trust_refresh(self, source: TrustSource) -> TrustState:
        """Bring what a client knows of a repository up to date.

        After a fault or a refusal, what was trusted before is trusted still.

        Args:
            source: The repository; ``trust_begin`` was called for its directory.

        Returns:
            What is trusted now.

        Raises:
            RefusalError: ``trust.…``, see the module; ``missing:root`` when no root is trusted.

        Example:
            ```python
            from hyperhost.contracts import TrustSource, TrustState
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def trust_refresh(self, source: TrustSource) -> TrustState:
                    return TrustState(root=1, timestamp=7, snapshot=7, targets=2, expires_at_us=0)

            host.register(Fixed())
            source = TrustSource("trusted", "https://registry.example/metadata/")
            assert host.hook.trust_refresh(source=source).timestamp == 7
            ```
        """
        ...

    @hookspec(service="trust", firstresult=True, raises=RefusalError)
    def trust_find(self, source: TrustSource, paths: list[str]) -> list[TrustedTarget]:
        """Say what is signed about targets, without fetching their content.

        A fault ends the operation that asked.

        Args:
            source: The repository.
            paths: At most 10,000 paths; all are looked up in one state of the repository.

        Returns:
            Those that there are, in the order asked for.

        Raises:
            RefusalError: as ``trust_refresh``.

        Example:
            ```python
            from hyperhost.contracts import TrustedTarget, TrustSource
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def trust_find(self, source: TrustSource, paths: list[str]) -> list[TrustedTarget]:
                    return [TrustedTarget(path, 5) for path in paths if path == "org.acme/auth/1.0.0"]

            host.register(Fixed())
            source = TrustSource("trusted", "https://registry.example/metadata/")
            paths = ["org.acme/none/1.0.0", "org.acme/auth/1.0.0"]
            assert [each.length for each in host.hook.trust_find(source=source, paths=paths)] == [5]
            ```
        """
        ...

    @hookspec(service="trust", firstresult=True, raises=RefusalError)
    def trust_list(self, source: TrustSource, scope: str) -> list[TrustedTarget]:
        """Say what is signed about all targets of a namespace and of those below it.

        Each is one that ``trust_find`` would find: what a role lists that nobody delegated to it is
        left out. A fault ends the operation that asked.

        Args:
            source: The repository.
            scope: The namespace; empty is everything.

        Returns:
            The targets of one state of the repository, sorted by path, without their content. Those
            named ``NAMESPACE/NAME/index.json`` say which versions of an artifact there are.

        Raises:
            RefusalError: as ``trust_refresh``; ``trust.endless-data`` when there are more than the
                client takes; ``invalid:scope:path``.

        Example:
            ```python
            from hyperhost.contracts import TrustedTarget, TrustSource
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def trust_list(self, source: TrustSource, scope: str) -> list[TrustedTarget]:
                    paths = ["org.acme/auth/1.0.0", "org.acme/auth/index.json", "org.other/tool/1.0.0"]
                    return [TrustedTarget(path, 5) for path in paths if path.startswith(f"{scope}/")]

            host.register(Fixed())
            source = TrustSource("trusted", "https://registry.example/metadata/")
            found = host.hook.trust_list(source=source, scope="org.acme")
            assert [each.path for each in found] == ["org.acme/auth/1.0.0", "org.acme/auth/index.json"]
            ```
        """
        ...

    @hookspec(service="trust", firstresult=True, raises=RefusalError)
    def trust_fetch(self, source: TrustSource, paths: list[str], directory: str) -> list[TrustedTarget]:
        """Fetch targets, unless they are there already. It ends at the first that cannot be had.

        After a fault some may have been fetched; none that is there is other than what was signed.

        Args:
            source: The repository, with its ``target_url``.
            paths: Their paths; all are looked up in one state of the repository.
            directory: Where to put them.

        Returns:
            The targets with their files, in the order asked for.

        Raises:
            RefusalError: as ``trust_refresh``; ``missing:target`` when there is none of a path.

        Example:
            ```python
            from hyperhost.contracts import TrustedTarget, TrustSource
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def trust_fetch(
                    self, source: TrustSource, paths: list[str], directory: str
                ) -> list[TrustedTarget]:
                    return [TrustedTarget(path, 5, file=f"{directory}/{number}")
                            for number, path in enumerate(paths)]

            host.register(Fixed())
            source = TrustSource("trusted", "https://registry.example/metadata/")
            [found] = host.hook.trust_fetch(source=source, paths=["org.acme/auth/1.0.0"], directory="out")
            assert found.file == "out/0"
            ```
        """
        ...

    @hookspec(service="trust", firstresult=True)
    def trust_serve(self, path: str) -> ServedFile | None:
        """Answer a client's request for a file of this registry's repository.

        A front end asks, and reads content itself. A fault is that front end's error.

        Args:
            path: As in the URL, decoded: ``metadata/timestamp.json``, ``metadata/4.snapshot.json``,
                ``targets/org.acme/auth/DIGEST.1.0.0``, ``targets/org.acme/auth/DIGEST.index.json``.

        Returns:
            The file, or ``None`` when there is none; never one that not everybody may have.

        Example:
            ```python
            from hyperhost.contracts import ServedFile
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def trust_serve(self, path: str) -> ServedFile | None:
                    return ServedFile(b"{}") if path == "metadata/timestamp.json" else None

            host.register(Fixed())
            assert host.hook.trust_serve(path="metadata/timestamp.json").data == b"{}"
            assert host.hook.trust_serve(path="metadata/../keys") is None
            ```
        """
        ...
