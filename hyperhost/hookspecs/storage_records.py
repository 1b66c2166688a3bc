"""More hooks of the service ``storage``: units of work, records, logs, and writes in bulk.

They have the same provider as :mod:`hyperhost.hookspecs.storage`. A unit of work is bound to the
thread that began it: everything that this thread asks of ``storage_*`` in between happens as one,
or not at all. Rules of refusals, besides those of the other module:

=========================  =====================================================================
``storage.unit``           a unit of work is ended that was not begun
``storage.busy``           another process holds the store for writing, and did not let go in time
``storage.full``           there is no room, or the place may not be written to
``storage.corrupt``        what is stored is damaged
``storage.layout``         there is no such layout, or taking one back would lose data
``storage.closed``         the store was closed, or brought to an older layout
=========================  =====================================================================
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.records import LogPage, LogWrite, NamespaceUsage, RecordPage
from hyperhost.contracts.storage import ArtifactWrite, PageRequest, PutMode
from hyperhost.contracts.types import S64, U32, U64
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["StorageRecordHooks"]


class StorageRecordHooks(Protocol):
    """The service ``storage``, continued."""

    @hookspec(service="storage", firstresult=True, raises=RefusalError)
    def storage_begin(self, write: bool) -> bool:
        """Begin a unit of work in this thread. Units may be nested; the outermost one counts.

        A unit that writes keeps other writers waiting from here on, so what it reads stays true until
        it ends. Inside of a unit that only reads, a unit that writes is refused. After a fault no unit
        was begun.

        Args:
            write: Whether anything will be written.

        Returns:
            Whether this is the outermost one.

        Raises:
            RefusalError: ``storage.busy``, or ``storage.unit`` for a writing unit in a reading one.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Counting:
                depth = 0

                @hookimpl
                def storage_begin(self, write: bool) -> bool:
                    self.depth += 1
                    return self.depth == 1

            host.register(Counting())
            assert host.hook.storage_begin(write=True) is True
            assert host.hook.storage_begin(write=True) is False
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True, raises=RefusalError)
    def storage_end(self, commit: bool) -> bool:
        """End the innermost unit of work of this thread.

        After a fault the unit is undone.

        Args:
            commit: Keep what was written. ``False`` in any unit undoes the outermost one as a whole,
                whatever the others say.

        Returns:
            Whether everything is durable now: the outermost unit ended and was kept.

        Raises:
            RefusalError: ``storage.unit`` when none was begun; ``storage.full`` or ``storage.busy`` when
                it cannot be kept, and nothing of it was.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Counting:
                @hookimpl
                def storage_end(self, commit: bool) -> bool:
                    return commit

            host.register(Counting())
            assert host.hook.storage_end(commit=True) is True
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True, raises=RefusalError)
    def storage_put_artifacts(self, items: list[ArtifactWrite], mode: PutMode) -> U64:
        """Write many artifacts, all or none; otherwise as ``storage_put_artifact``.

        After a fault none was written.

        Args:
            items: At most 10,000.
            mode: For each of them.

        Returns:
            How many are different from before.

        Raises:
            RefusalError: as ``storage_put_artifact``, naming the first artifact concerned.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactType, ArtifactWrite, PutMode
            from hyperhost.hookspecs import hookimpl

            kept = {}

            class Fixed:
                @hookimpl
                def storage_put_artifacts(self, items: list[ArtifactWrite], mode: PutMode) -> int:
                    kept.update((item.artifact.id, item) for item in items)
                    return len(items)

            host.register(Fixed())
            auth = Artifact("a1", "org.acme", "auth", ArtifactType.LIBRARY, "1.0.0")
            assert host.hook.storage_put_artifacts(items=[ArtifactWrite(auth)], mode=PutMode.CREATE) == 1
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True)
    def storage_namespace_usage(self, namespace: str) -> NamespaceUsage:
        """Say how much lies in a namespace and below it, without scanning the artifacts.

        A fault ends the operation that asked.

        Args:
            namespace: Dotted path, exactly.

        Returns:
            The sums; zeros for a namespace in which nothing lies.

        Example:
            ```python
            from hyperhost.contracts import NamespaceUsage
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_namespace_usage(self, namespace: str) -> NamespaceUsage:
                    return NamespaceUsage(artifacts=3, content_bytes=2_000)

            host.register(Fixed())
            assert host.hook.storage_namespace_usage(namespace="org.acme").artifacts == 3
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True)
    def storage_get_record(self, collection: str, key: str) -> str | None:
        """Read one record.

        A fault ends the operation that asked.

        Args:
            collection: kebab-case, for example ``namespaces``. A plugin's own begin with its id.
            key: Any text of at most 1,000 bytes.

        Returns:
            JSON text exactly as it was written, or ``None``.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_get_record(self, collection: str, key: str) -> str | None:
                    return '{"owner":"alice"}' if (collection, key) == ("namespaces", "org.acme") else None

            host.register(Fixed())
            found = host.hook.storage_get_record(collection="namespaces", key="org.acme")
            assert found == '{"owner":"alice"}'
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True, raises=RefusalError)
    def storage_put_record(self, collection: str, key: str, data_json: str, mode: PutMode | None) -> bool:
        """Write one record.

        After a fault it was not written.

        Args:
            collection: As in ``storage_get_record``.
            key: As there.
            data_json: The whole document as JSON text.
            mode: What is expected to be there; ``None`` for either.

        Returns:
            Whether anything is different from before.

        Raises:
            RefusalError: ``storage.exists`` or ``storage.missing``, by ``mode``.

        Example:
            ```python
            from hyperhost.contracts import PutMode
            from hyperhost.hookspecs import hookimpl

            kept = {}

            class Fixed:
                @hookimpl
                def storage_put_record(
                    self, collection: str, key: str, data_json: str, mode: PutMode | None
                ) -> bool:
                    before = kept.get((collection, key))
                    kept[collection, key] = data_json
                    return before != data_json

            host.register(Fixed())
            write = {"collection": "namespaces", "key": "org.acme", "data_json": "{}", "mode": None}
            assert host.hook.storage_put_record(**write) is True
            assert host.hook.storage_put_record(**write) is False
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True)
    def storage_delete_record(self, collection: str, key: str) -> bool:
        """Remove one record.

        After a fault it is still there.

        Args:
            collection: As in ``storage_get_record``.
            key: As there.

        Returns:
            Whether it was there.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_delete_record(self, collection: str, key: str) -> bool:
                    return False

            host.register(Fixed())
            assert host.hook.storage_delete_record(collection="namespaces", key="org.acme") is False
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True, raises=RefusalError)
    def storage_list_records(self, collection: str, prefix: str, page: PageRequest) -> RecordPage:
        """List records whose keys begin with a text.

        A fault ends the operation that asked.

        Args:
            collection: As in ``storage_get_record``.
            prefix: Beginning of the keys; empty for all.
            page: Which part.

        Returns:
            The records in the order of their keys.

        Raises:
            RefusalError: ``storage.page``.

        Example:
            ```python
            from hyperhost.contracts import PageRequest, Record, RecordPage
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_list_records(self, collection: str, prefix: str, page: PageRequest) -> RecordPage:
                    return RecordPage([Record("org.acme", "{}")])

            host.register(Fixed())
            found = host.hook.storage_list_records(
                collection="namespaces", prefix="org.", page=PageRequest(10)
            )
            assert [item.key for item in found.items] == ["org.acme"]
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True, raises=RefusalError)
    def storage_append_log(self, log: str, subject: str, data_json: str, at_us: S64) -> U64:
        """Append an entry to a log. There is no hook that changes or removes one.

        After a fault it was not written.

        Args:
            log: kebab-case, for example ``audit``.
            subject: What the entry is about, to be found by; at most 1,000 bytes, may be empty.
            data_json: The entry as JSON text.
            at_us: When it happened.

        Returns:
            Its number: one more than that of the entry before, 1 for the first.

        Raises:
            RefusalError: ``storage.full`` or ``storage.busy``.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            entries = []

            class Fixed:
                @hookimpl
                def storage_append_log(self, log: str, subject: str, data_json: str, at_us: int) -> int:
                    entries.append(data_json)
                    return len(entries)

            host.register(Fixed())
            assert host.hook.storage_append_log(log="audit", subject="a1", data_json="{}", at_us=0) == 1
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True, raises=RefusalError)
    def storage_list_log(
        self, log: str, subject: str, after: U64, until_us: S64 | None, limit: U32
    ) -> LogPage:
        """Read a log from a place on.

        A fault ends the operation that asked.

        Args:
            log: As in ``storage_append_log``.
            subject: Only entries about this; empty for all.
            after: Entries with a greater number; 0 for the beginning.
            until_us: Entries written at this time or before; ``None`` for all.
            limit: Entries at most, 1 to 10,000.

        Returns:
            The entries in the order of their numbers.

        Raises:
            RefusalError: ``storage.page`` when the limit is none.

        Example:
            ```python
            from hyperhost.contracts import LogEntry, LogPage
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_list_log(
                    self, log: str, subject: str, after: int, until_us: int | None, limit: int
                ) -> LogPage:
                    return LogPage([LogEntry(after + 1, 0, "{}")], after + 1, more=False)

            host.register(Fixed())
            page = host.hook.storage_list_log(log="audit", subject="", after=4, until_us=None, limit=10)
            assert [entry.seq for entry in page.items] == [5]
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True, raises=RefusalError)
    def storage_append_logs(self, log: str, items: list[LogWrite]) -> U64:
        """Append many entries to a log, all or none; otherwise as ``storage_append_log``.

        After a fault none was written.

        Args:
            log: As there.
            items: At most 10,000, in their order.

        Returns:
            Number of the last entry of the log; 0 while it has none.

        Raises:
            RefusalError: as ``storage_append_log``.

        Example:
            ```python
            from hyperhost.contracts import LogWrite
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_append_logs(self, log: str, items: list[LogWrite]) -> int:
                    return len(items)

            host.register(Fixed())
            assert host.hook.storage_append_logs(log="audit", items=[LogWrite("{}"), LogWrite("{}")]) == 2
            ```
        """
        ...
