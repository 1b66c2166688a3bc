"""Records through the host's storage; in memory in a host that has neither a home nor a store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hyperhost.contracts import PageRequest, RecordPage
from hyperhost.errors import ProviderMissingError

if TYPE_CHECKING:
    from hyperhost.host.context import PluginContext

__all__ = ["Records"]

_PAGE = 1_000


class Records:
    """One collection of records.

    Args:
        context: The plugin's.
        collection: Name of the collection.
    """

    def __init__(self, context: PluginContext, collection: str) -> None:
        self._hook = context.hook
        self._collection = collection
        self._memory: dict[str, str] | None = {} if context.home is None else None

    def get(self, key: str) -> str | None:
        """JSON text, or ``None``."""
        try:
            found: str | None = self._hook.storage_get_record(collection=self._collection, key=key)
        except ProviderMissingError as error:
            return self._kept(error).get(key)
        return found

    def put(self, key: str, data_json: str) -> bool:
        """Write a record; whether anything is different from before."""
        try:
            changed: bool = self._hook.storage_put_record(
                collection=self._collection, key=key, data_json=data_json, mode=None
            )
        except ProviderMissingError as error:
            kept = self._kept(error)
            changed, kept[key] = kept.get(key) != data_json, data_json
        return changed

    def delete(self, key: str) -> bool:
        """Remove a record; whether it was there."""
        try:
            found: bool = self._hook.storage_delete_record(collection=self._collection, key=key)
        except ProviderMissingError as error:
            return self._kept(error).pop(key, None) is not None
        return found

    def all(self) -> Iterator[tuple[str, str]]:
        """Every key with its JSON text, in the order of the keys."""
        token = ""
        while True:
            try:
                page: RecordPage = self._hook.storage_list_records(
                    collection=self._collection, prefix="", page=PageRequest(_PAGE, token)
                )
            except ProviderMissingError as error:
                yield from sorted(self._kept(error).items())
                return
            yield from ((item.key, item.data_json) for item in page.items)
            token = page.next_token
            if not token:
                return

    def _kept(self, error: ProviderMissingError) -> dict[str, str]:
        if self._memory is None:
            raise error  # with a home, what is not stored would be lost without a word
        return self._memory
