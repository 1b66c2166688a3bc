"""The tables as peewee models. Migrations make them; a test compares both."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

__all__ = ["make_models"]


def make_models(database: Any, orm: Any) -> SimpleNamespace:
    """The models of a database of ``orm``, which is peewee, by table name."""
    BigIntegerField, SmallIntegerField = orm.BigIntegerField, orm.SmallIntegerField  # noqa: N806 - its names
    BlobField, DoubleField, TextField = orm.BlobField, orm.DoubleField, orm.TextField  # noqa: N806 - the same
    CompositeKey = orm.CompositeKey  # noqa: N806 - the same

    class Artifact(orm.Model):  # type: ignore[misc]  # peewee's, not typed
        """An artifact with its manifest; see ``codec``."""

        id = TextField(primary_key=True)
        namespace = TextField()
        name = TextField()
        version = TextField()
        kind = SmallIntegerField()
        created = BigIntegerField()
        updated = BigIntegerField()
        published = BigIntegerField(null=True)
        downloads = BigIntegerField()
        rating = DoubleField()
        content_hash = TextField(null=True)
        content_size = BigIntegerField()
        document = TextField()
        manifest = TextField()

    class Scope(orm.Model):  # type: ignore[misc]  # the same
        """What artifacts are listed by, with counters; see ``scopes``."""

        no = BigIntegerField(primary_key=True)
        sort = SmallIntegerField()
        name = TextField()
        value = TextField()
        artifacts = BigIntegerField()
        direct = BigIntegerField()
        content_bytes = BigIntegerField()

    class Placement(orm.Model):  # type: ignore[misc]  # the same
        """That an artifact is in a scope, with what lists are sorted by."""

        scope = BigIntegerField()
        created = BigIntegerField()
        id = TextField()
        kind = SmallIntegerField()
        updated = BigIntegerField()
        downloads = BigIntegerField()
        rating = DoubleField()
        namespace = TextField(null=True)
        name = TextField(null=True)

        class Meta:
            """The key is the order of creation, which is the default of lists."""

            primary_key = CompositeKey("scope", "created", "id")

    class Content(orm.Model):  # type: ignore[misc]  # the same
        """Small content."""

        hash = TextField(primary_key=True)
        size = BigIntegerField()
        data = BlobField()

    class Record(orm.Model):  # type: ignore[misc]  # the same
        """JSON documents by collection and key."""

        collection = TextField()
        key = TextField()
        data = TextField()

        class Meta:
            """Both together name a record."""

            primary_key = CompositeKey("collection", "key")

    class LogEntry(orm.Model):  # type: ignore[misc]  # the same
        """Entries of logs."""

        log = TextField()
        seq = BigIntegerField()
        at_us = BigIntegerField()
        subject = TextField()
        data = TextField()

        class Meta:
            """A number is given out once in a log."""

            table_name = "log_entry"
            primary_key = CompositeKey("log", "seq")

    models = (Artifact, Scope, Placement, Content, Record, LogEntry)
    database.bind(models, bind_refs=False, bind_backrefs=False)
    return SimpleNamespace(**{model._meta.table_name: model for model in models})
