"""Hooks of the service ``storage`` for the store as a whole: what it holds, emptying it, its layout.

They have the same provider as :mod:`hyperhost.hookspecs.storage`, and refuse with its rules.
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.records import KeptNames, StorageLayout
from hyperhost.contracts.types import U32
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["StorageUpkeepHooks"]


class StorageUpkeepHooks(Protocol):
    """The service ``storage``, for those who look after it."""

    @hookspec(service="storage", firstresult=True)
    def storage_names(self) -> KeptNames:
        """Say which collections and logs there are, for whoever copies all of them.

        A fault ends the operation that asked.

        Returns:
            Their names.

        Example:
            ```python
            from hyperhost.contracts import KeptNames
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_names(self) -> KeptNames:
                    return KeptNames(["namespaces"], ["audit"])

            host.register(Fixed())
            assert host.hook.storage_names().logs == ["audit"]
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True, raises=RefusalError)
    def storage_clear(self, names: KeptNames) -> bool:
        """Remove every artifact, and whole collections and logs. Contents stay.

        Only a restore asks for this, in the unit of work in which it writes what was restored. After
        a fault nothing was removed. Of a store that was lost, for which everything else is refused with
        ``storage.lost``, this makes an empty one.

        Args:
            names: Collections and logs to remove; those that are not there do not matter.

        Returns:
            Whether anything was removed.

        Raises:
            RefusalError: ``storage.full`` or ``storage.busy``.

        Example:
            ```python
            from hyperhost.contracts import KeptNames
            from hyperhost.hookspecs import hookimpl

            class Empty:
                @hookimpl
                def storage_clear(self, names: KeptNames) -> bool:
                    return False

            host.register(Empty())
            assert host.hook.storage_clear(names=KeptNames(["tags"], ["history"])) is False
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True)
    def storage_layouts(self) -> StorageLayout:
        """Say which layout the store has.

        A fault ends the operation that asked.

        Returns:
            Its number, and that of the latest; both are the same unless it was never used since a new
            version of the provider was installed.

        Example:
            ```python
            from hyperhost.contracts import StorageLayout
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_layouts(self) -> StorageLayout:
                    return StorageLayout(current=2, latest=2)

            host.register(Fixed())
            assert host.hook.storage_layouts().current == 2
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True, raises=RefusalError)
    def storage_migrate(self, to: U32 | None) -> list[str]:
        """Bring the store to a layout, up or down, as one step that happens or does not.

        A store that was brought to an older layout is closed: its provider refuses everything from
        then on with ``storage.closed``, as it would bring it to the latest again. After a fault the
        store has the layout that it had.

        Args:
            to: Number of the layout; the latest when it is ``None``.

        Returns:
            What was done, one line for each layout passed; empty when the store was there already.

        Raises:
            RefusalError: ``storage.layout`` when there is no such layout, or going back would lose data;
                ``storage.unit`` within a unit of work; ``storage.newer``, ``storage.busy``.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_migrate(self, to: int | None) -> list[str]:
                    return [] if to in (None, 2) else [f"2 scopes: taken back to {to}"]

            host.register(Fixed())
            assert host.hook.storage_migrate(to=1) == ["2 scopes: taken back to 1"]
            ```
        """
        ...
