"""The registry on PostgreSQL: a life, two writers at one quota, the layout back and forth."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from postgres_schema import postgres_url as postgres_url
from registry_hosts import created, draft, everything, operations_on, published, uploaded

from builtin_plugins.storage_sql.migrations.runner import STEPS
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.errors import InvalidInputError, QuotaExceededError, StorageError


def test_a_life_on_postgres(postgres_url: str) -> None:
    with operations_on(StorageSql(postgres_url)) as run:
        artifact = published(run, content_hash=uploaded(run, b"hello"), manifest={"a": "ü😀"})["id"]
        run.run("tag", artifact=artifact, tag="latest")
        run.run("rate", artifact=artifact, stars=4)
        assert run.run("read_manifest", artifact="org.acme/auth") == {"a": "ü😀"}
        before = everything(run.host)
        with pytest.raises(InvalidInputError, match="zero byte"):
            run.run("create", draft=draft("b", metadata={"description": "a\0b"}))
        assert everything(run.host) == before

        run.run("namespace_create", path="org.acme", edit={"quotas": {"artifacts": 4}})

        def create(number: int) -> bool:
            try:
                created(run, f"a-{number}")
            except QuotaExceededError:
                return False
            return True

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(create, range(12))) == 3
        run.run("archive", artifact=artifact)
        run.run("delete", artifact=artifact)

        assert len(run.run("downgrade", to=len(STEPS) - 1)) == 1
        with pytest.raises(StorageError, match="the store was closed"):
            run.run("list")
    with operations_on(StorageSql(postgres_url)) as run:
        assert len(run.run("list")["items"]) == 3
        assert run.run("registry_info")["layout"]["current"] == len(STEPS)
