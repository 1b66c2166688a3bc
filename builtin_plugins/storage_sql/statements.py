"""Statements of the hot paths: written with peewee's query builder, compiled once, run as text.

Building a query costs many times what running it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .codec import COLUMNS
from .models import make_models

__all__ = ["Statements", "compile_statements"]


@dataclass(frozen=True)
class Statements:
    """Statements as text; parameters in the order of the names' words."""

    get_artifact: str
    find_artifact: str
    find_id: str
    get_manifest: str
    get_whole: str
    insert_artifact: str
    update_artifact: str
    delete_artifact: str
    delete_placement: str
    delete_empty_scope: str
    get_scope: str
    stat_content: str
    get_content: str
    insert_content: str
    delete_content: str
    get_record: str
    insert_record: str
    write_record: str
    update_record: str
    delete_record: str
    last_entry: str
    insert_entry: str


def compile_statements(database: Any, orm: Any) -> Statements:
    """Compile them for a database of ``orm``, which is peewee."""
    EXCLUDED, fn = orm.EXCLUDED, orm.fn  # noqa: N806 - peewee's names
    models = make_models(database, orm)
    artifact, scope, placement = models.artifact, models.scope, models.placement
    content, record, entry = models.content, models.record, models.log_entry
    columns = [getattr(artifact, name) for name in COLUMNS]
    whole = [*columns, artifact.manifest]
    at = (artifact.namespace == "") & (artifact.name == "") & (artifact.version == "")
    key = (record.collection == "") & (record.key == "")
    in_scope = (placement.scope == 0) & (placement.created == 0) & (placement.id == "")
    written = record.insert({record.collection: "", record.key: "", record.data: ""})

    def text(query: Any) -> str:
        sql: str = query.sql()[0]
        return sql.partition(" RETURNING ")[0]

    def inserting(table: Any, fields: list[Any]) -> str:
        return text(table.insert(dict.fromkeys(fields, 0))) + " ON CONFLICT DO NOTHING"

    return Statements(
        get_artifact=text(artifact.select(*columns).where(artifact.id == "")),
        find_artifact=text(artifact.select(*columns).where(at)),
        find_id=text(artifact.select(artifact.id).where(at)),
        get_manifest=text(artifact.select(artifact.manifest).where(artifact.id == "")),
        get_whole=text(artifact.select(*whole).where(artifact.id == "")),
        insert_artifact=inserting(artifact, whole),
        update_artifact=text(artifact.update(dict.fromkeys(whole[1:], 0)).where(artifact.id == "")),
        delete_artifact=text(artifact.delete().where(artifact.id == "")),
        delete_placement=text(placement.delete().where(in_scope)),
        delete_empty_scope=text(scope.delete().where((scope.no == 0) & (scope.artifacts == 0))),
        get_scope=text(
            scope.select(scope.no, scope.artifacts, scope.direct, scope.content_bytes).where(
                (scope.sort == 0) & (scope.name == "") & (scope.value == "")
            )
        ),
        stat_content=text(content.select(content.size).where(content.hash == "")),
        get_content=text(content.select(fn.SUBSTR(content.data, 1, 1)).where(content.hash == "")),
        insert_content=inserting(content, [content.hash, content.size, content.data]),
        delete_content=text(content.delete().where(content.hash == "")),
        get_record=text(record.select(record.data).where(key)),
        insert_record=text(written) + " ON CONFLICT DO NOTHING",
        write_record=text(
            written.on_conflict(
                conflict_target=[record.collection, record.key],
                update={record.data: EXCLUDED.data},
                where=(record.data != EXCLUDED.data),
            )
        ),
        update_record=text(record.update({record.data: ""}).where(key)),
        delete_record=text(record.delete().where(key)),
        last_entry=text(entry.select(fn.MAX(entry.seq)).where(entry.log == "")),
        insert_entry=text(
            entry.insert({entry.log: "", entry.seq: 0, entry.at_us: 0, entry.subject: "", entry.data: ""})
        ),
    )
