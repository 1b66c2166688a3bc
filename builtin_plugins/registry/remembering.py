"""Records that belong to the history: tags, channels, yanks, namespaces; and what finds deleted artifacts.

An entry of the log ``history`` is either about an artifact, see ``gates.remember``, or about a record::

    {"kind": "record", "actor": …, "collection": "tags", "key": "org.acme/auth@stable", "data": … or null}

``data`` is the record as it is from then on, ``null`` when it was removed. The subject of the entry is
what it is looked for by: ``namespace/name`` for tags, channels and yanks, the path for a namespace.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import Artifact, PutMode

if TYPE_CHECKING:
    from .work import Work

__all__ = ["DELETED", "bury", "drop_record", "keep_record"]

DELETED: Final = "deleted"
"""Collection: deleted artifacts by ``namespace/name@version#id``; lists of the past need them."""
_HISTORY: Final = "history"


def keep_record(
    work: Work, collection: str, key: str, data_json: str, subject: str, mode: PutMode | None = None
) -> None:
    """Write a record and remember it.

    Args:
        work: The call.
        collection: Which records.
        key: Which of them.
        data_json: The record.
        subject: What its history is found by.
        mode: As in ``storage_put_record``.
    """
    if work.hook.storage_put_record(collection=collection, key=key, data_json=data_json, mode=mode):
        _remember(work, collection, key, data_json, subject)


def drop_record(work: Work, collection: str, key: str, subject: str) -> bool:
    """Remove a record and remember that; whether there was one."""
    if not work.hook.storage_delete_record(collection=collection, key=key):
        return False
    _remember(work, collection, key, "null", subject)
    return True


def bury(work: Work, artifact: Artifact) -> None:
    """Note that an artifact was deleted, so that lists of the past still find it."""
    place = f"{artifact.namespace}/{artifact.name}@{artifact.version}#{artifact.id}"
    data = json.dumps({"at_us": work.at_us})
    work.hook.storage_put_record(collection=DELETED, key=place, data_json=data, mode=None)


def _remember(work: Work, collection: str, key: str, data_json: str, subject: str) -> None:
    about = {"kind": "record", "actor": work.principal.id, "collection": collection, "key": key}
    text = json.dumps(about, ensure_ascii=False, separators=(",", ":"))
    work.hook.storage_append_log(
        log=_HISTORY,
        subject=subject,
        data_json=f'{text[:-1]},"data":{data_json}}}',
        at_us=work.at_us,
    )
