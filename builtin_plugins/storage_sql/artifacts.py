"""Writing and reading single artifacts, and many at once, with their placements and counters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from hyperhost.contracts import Artifact, ArtifactWrite, PutMode
from hyperhost.errors import RefusalError

from .codec import COLUMNS, artifact_of, row_of
from .database import Database, Row
from .scopes import Delta, Scope, check_size, deltas, placements, scopes_of
from .statements import Statements

__all__ = ["Artifacts", "decoded"]

BULK_MAX: Final = 10_000
_PLACEMENT: Final = (
    "scope",
    "created",
    "id",
    "kind",
    "updated",
    "downloads",
    "rating",
    "namespace",
    "name",
)


def decoded(row: Row) -> Artifact:
    """The artifact in a row.

    Raises:
        RefusalError: rule ``storage.corrupt``: the row is damaged.
    """
    try:
        return artifact_of(row)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise RefusalError(
            f"artifact {row[0]!r} is damaged: {type(error).__name__}: {error}",
            "storage.corrupt",
            hint="restore the database from a backup",
        ) from error


class Artifacts:
    """The table ``artifact`` and what is derived from it."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._sql = statements

    def get(self, artifact_id: str) -> Artifact | None:
        """The artifact of an id."""
        row = self._database.one(self._sql.get_artifact, (artifact_id,))
        return None if row is None else decoded(row)

    def find(self, namespace: str, name: str, version: str) -> Artifact | None:
        """The artifact at its coordinates."""
        row = self._database.one(self._sql.find_artifact, (namespace, name, version))
        return None if row is None else decoded(row)

    def manifest(self, artifact_id: str) -> str | None:
        """The manifest of an artifact."""
        row = self._database.one(self._sql.get_manifest, (artifact_id,))
        return None if row is None else str(row[0])

    def put(self, artifact: Artifact, manifest_json: str, mode: PutMode) -> bool:
        """Write one; whether anything is different now."""
        with self._database.writing():
            return self._put(artifact, manifest_json, mode)

    def put_many(self, items: Sequence[ArtifactWrite], mode: PutMode) -> int:
        """Write many, all or none; how many are different now."""
        if len(items) > BULK_MAX:
            raise RefusalError(
                f"{len(items)} artifacts at once", "storage.value", hint=f"write at most {BULK_MAX} at once"
            )
        with self._database.writing():
            self._database.execute("SAVEPOINT many")
            try:
                if mode is PutMode.CREATE and items and self._created(items):
                    changed = len(items)
                else:
                    # One after the other, which finds the first that is refused, too.
                    changed = sum(self._put(item.artifact, item.manifest_json, mode) for item in items)
            except RefusalError:
                self._database.execute("ROLLBACK TO SAVEPOINT many")
                self._database.execute("RELEASE SAVEPOINT many")
                raise
            self._database.execute("RELEASE SAVEPOINT many")
            return changed

    def delete(self, artifact_id: str) -> bool:
        """Remove one; whether there was one."""
        with self._database.writing():
            row = self._database.one(self._sql.get_whole, (artifact_id,))
            if row is None:
                return False
            old = decoded(row)
            self._displace(old, self._count([(old, -1)]))
            self._database.execute(self._sql.delete_artifact, (artifact_id,))
            return True

    # --- inside of a unit that writes -----------------------------------------------------------

    def _put(self, artifact: Artifact, manifest_json: str, mode: PutMode) -> bool:
        row = (*row_of(artifact), manifest_json)
        check_size(artifact)  # refuses before anything was written
        if mode is PutMode.CREATE:
            if not self._database.execute(self._sql.insert_artifact, row).rowcount:
                raise self._taken(artifact)
            numbers = self._database.add_to_scopes(dict(deltas(artifact, 1)))
            self._database.insert_many("placement", _PLACEMENT, list(placements(artifact, numbers)))
            return True
        before = self._database.one(self._sql.get_whole, (artifact.id,))
        if before is None:
            raise RefusalError(f"there is no artifact {artifact.id} to replace", "storage.missing")
        if tuple(before) == row:
            return False
        if before[1:4] != row[1:4] and self._database.one(self._sql.find_id, row[1:4]) is not None:
            raise self._taken(artifact)
        self._database.execute(self._sql.update_artifact, (*row[1:], artifact.id))
        self._move(decoded(before), artifact)
        return True

    def _created(self, items: Sequence[ArtifactWrite]) -> bool:
        """Create all of them, unless one is taken; then everything is as it was."""
        changes = [(item.artifact, 1) for item in items]
        for item in items:
            check_size(item.artifact)
        rows = [(*row_of(item.artifact), item.manifest_json) for item in items]
        try:
            self._database.insert_many("artifact", (*COLUMNS, "manifest"), rows)
        except self._database.integrity_errors:
            self._database.execute("ROLLBACK TO SAVEPOINT many")
            return False
        numbers = self._count(changes)
        # In the order of the table's key, which fills one page after the other.
        placed = sorted(row for item in items for row in placements(item.artifact, numbers))
        self._database.insert_many("placement", _PLACEMENT, placed)
        return True

    def _count(self, changes: Iterable[tuple[Artifact, int]]) -> dict[Scope, int]:
        """Add artifacts to their counters, or take them away; the numbers of the scopes."""
        total: dict[Scope, Delta] = {}
        for artifact, sign in changes:
            for scope, delta in deltas(artifact, sign):
                known = total.get(scope)
                total[scope] = delta if known is None else known.plus(delta)
        return self._database.add_to_scopes(total) if total else {}

    def _move(self, old: Artifact, new: Artifact) -> None:
        """Bring placements and counters from one state of an artifact to the next."""
        everything: Any = {scope: index for index, scope in enumerate({*scopes_of(old), *scopes_of(new)})}
        if list(placements(old, everything)) == list(placements(new, everything)) and (
            old.content_size == new.content_size
        ):
            return
        numbers = self._count([(old, -1), (new, 1)])
        self._displace(old, numbers)
        self._database.insert_many("placement", _PLACEMENT, list(placements(new, numbers)))

    def _displace(self, old: Artifact, numbers: dict[Scope, int]) -> None:
        mine = scopes_of(old)
        created = old.activity.created_at_us
        self._database.execute_many(
            self._sql.delete_placement, [(numbers[scope], created, old.id) for scope in mine]
        )
        self._database.execute_many(
            self._sql.delete_empty_scope, [(numbers[scope], 0) for scope in mine if scope.sort]
        )

    def _taken(self, artifact: Artifact) -> RefusalError:
        if self._database.one(self._sql.get_manifest, (artifact.id,)) is not None:
            return RefusalError(f"artifact id {artifact.id} is taken", "storage.exists")
        return RefusalError(
            f"{artifact.namespace}/{artifact.name} {artifact.version} is taken", "storage.exists"
        )
