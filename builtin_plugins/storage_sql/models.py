"""The tables as peewee models. Migrations make them; a test compares both."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

__all__ = ["make_models"]


def make_models(database: Any) -> SimpleNamespace:
    """The models of a peewee database, by table name."""
    from peewee import (
        BigIntegerField,
        BlobField,
        CompositeKey,
        DoubleField,
        Model,
        SmallIntegerField,
        TextField,
    )

    class Artifact(Model):
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

    class Scope(Model):
        """What artifacts are listed by, with counters; see ``scopes``."""

        no = BigIntegerField(primary_key=True)
        sort = SmallIntegerField()
        name = TextField()
        value = TextField()
        artifacts = BigIntegerField()
        direct = BigIntegerField()
        content_bytes = BigIntegerField()

    class Placement(Model):
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

    class Content(Model):
        """Small content."""

        hash = TextField(primary_key=True)
        size = BigIntegerField()
        data = BlobField()

    class Record(Model):
        """JSON documents by collection and key."""

        collection = TextField()
        key = TextField()
        data = TextField()

        class Meta:
            """Both together name a record."""

            primary_key = CompositeKey("collection", "key")

    class LogEntry(Model):
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
