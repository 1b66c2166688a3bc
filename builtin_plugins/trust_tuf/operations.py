"""Operations on the registry's TUF repository."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.contracts.schema import schema_of

from .arguments import (
    CreateArguments,
    DelegateArguments,
    ExportArguments,
    NoArguments,
    RevokeArguments,
    RoleState,
    RotateArguments,
    TufStatus,
    UpdateArguments,
)
from .exporting import Exported
from .layout import TOP_LEVEL, covering, default_cover
from .refusals import invalid, missing, wrong_state

if TYPE_CHECKING:
    from tuf.api.metadata import Key

    from .exporting import Exporter
    from .follower import Follower
    from .keeper import Keeper
    from .state import Repository

__all__ = ["OPERATIONS", "Desk"]


class Desk:
    """Answers the operations.

    Args:
        keeper: The repository.
        follower: Brings it up to date.
        exporter: Writes it to a directory.
    """

    def __init__(self, keeper: Keeper, follower: Follower, exporter: Exporter) -> None:
        self._keeper = keeper
        self._follower = follower
        self._exporter = exporter

    def run(self, call: OperationCall) -> OperationOutcome | None:
        """Run an operation, if it is one of these.

        Raises:
            RefusalError: an argument is wrong, or it cannot be done.
        """
        known = _RUNS.get(call.operation)
        if known is None:
            return None
        kind, run = known
        try:
            arguments: Any = from_data(kind, json.loads(call.arguments_json))
        except DataError as error:
            where = error.path or "the arguments"
            raise invalid(error.path.partition(".")[0], "type", f"{where} {error.problem}") from None
        except ValueError as error:
            raise invalid("", "json", f"the arguments are no JSON: {error}") from None
        answer = to_data(run(self, arguments))
        text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        namespace = getattr(arguments, "namespace", "")
        return OperationOutcome(
            text,
            target=f"tuf:{namespace}" if namespace else "tuf",
            namespace=namespace,
            details_json=json.dumps(to_data(arguments)),
        )

    def create(self, given: CreateArguments) -> TufStatus:
        """See ``tuf_create``."""
        self._keeper.create(given.root_keys, given.root_threshold)
        self._follower.update(everything=True)
        return self.status(NoArguments())

    def status(self, given: NoArguments) -> TufStatus:
        """See ``tuf_status``."""
        with self._keeper.view() as repository:
            roles = [self._state(repository, role) for role in (*TOP_LEVEL, *repository.delegations)]
            version = repository.root.signed.version
        directory = self._keeper.store.directory
        return TufStatus(
            roles, self._keeper.cursor[0], str(directory), str(directory / f"{version}.root.json")
        )

    def update(self, given: UpdateArguments) -> dict[str, int]:
        """See ``tuf_update``."""
        found = self._follower.update(everything=given.everything)
        return {"entries": found.entries, "targets": found.targets, "cursor": found.cursor}

    def export(self, given: ExportArguments) -> Exported:
        """See ``tuf_export``."""
        self._follower.update()
        return self._exporter.export(given.directory)

    def renew(self, given: NoArguments) -> dict[str, list[str]]:
        """See ``tuf_renew``."""
        with self._keeper.edit() as repository:
            return {"roles": ["timestamp", *repository.renew()]}

    def delegate(self, given: DelegateArguments) -> RoleState:
        """See ``tuf_delegate``."""
        _check_namespace(given.namespace)
        if not 1 <= given.threshold <= given.keys <= 32:
            raise invalid(
                "threshold", "range", f"{given.threshold} of {given.keys} is no threshold", "as in 2 of 3"
            )
        with self._keeper.edit() as repository:
            keys = self._keeper.make_keys(given.namespace, given.keys)
            repository.delegate(given.namespace, keys, given.threshold)
        return self._one(given.namespace)

    def revoke(self, given: RevokeArguments) -> RoleState:
        """See ``tuf_revoke``."""
        with self._keeper.edit() as repository:
            if given.namespace not in repository.delegations:
                raise missing(
                    "delegation",
                    f"there is no delegation {given.namespace[:80]!r}",
                    "see: hyperhost tuf status",
                )
            keys, threshold = repository.keys_of(given.namespace)
            gone = [each for each in keys if len(given.key) >= 8 and each.startswith(given.key)]
            if len(gone) != 1:
                raise missing(
                    "key",
                    f"{given.namespace} has no single key {given.key[:64]!r}",
                    f"it has {', '.join(each[:16] for each in keys)}",
                )
            rest: list[Key] = [key for each, key in keys.items() if each != gone[0]]
            if given.replace:
                rest += self._keeper.make_keys(given.namespace, 1)
            elif len(rest) < threshold:
                raise wrong_state(
                    "keys",
                    f"{given.namespace} would have fewer keys than its threshold of {threshold}",
                    "let a new key replace it",
                )
            repository.delegate(given.namespace, rest, threshold)
        self._keeper.keys.forget(gone[0])
        return self._one(given.namespace)

    def rotate(self, given: RotateArguments) -> RoleState:
        """See ``tuf_rotate``."""
        if given.role not in TOP_LEVEL:
            raise invalid(
                "role",
                "unknown",
                f"{given.role[:80]!r} is no top-level role",
                f"one of {', '.join(TOP_LEVEL)}",
            )
        with self._keeper.edit() as repository:
            old, threshold = repository.keys_of(given.role)
            count = len(old) if given.keys is None else given.keys
            wanted = threshold if given.threshold is None else given.threshold
            if not 1 <= wanted <= count <= 32:
                raise invalid("threshold", "range", f"{wanted} of {count} is no threshold", "as in 2 of 3")
            repository.rotate(given.role, self._keeper.make_keys(given.role, count), wanted)
        for each in old:
            self._keeper.keys.forget(each)
        return self._one(given.role)

    def _one(self, role: str) -> RoleState:
        with self._keeper.view() as repository:
            return self._state(repository, role)

    def _state(self, repository: Repository, role: str) -> RoleState:
        keys, threshold = repository.keys_of(role)
        version, expires, bins = repository.facts(role)
        return RoleState(role, version, expires, threshold, list(keys), self._keeper.keys.held(keys), bins)


def _check_namespace(path: str) -> None:
    first, _, rest = path.partition(".")
    odd = not path.isascii() or path != path.lower() or any(each in path for each in "/*?[]~ \\%")
    if not first or odd or len(path) > 255 or ".." in path or path.endswith(".") or path in TOP_LEVEL:
        raise invalid("namespace", "path", f"{path[:80]!r} is no namespace", "as in org.acme")
    if not rest and covering(path, (default_cover(f"{path}.x"),)) != path:
        raise invalid("namespace", "path", f"{path} is not delegated as a whole", "as in org.acme")


_CHANGES: Final = True
_TABLE: Final[tuple[tuple[str, str, type, Callable[..., Any], Any, bool], ...]] = (
    (
        "tuf_create",
        "Make the registry a TUF repository, with new keys.",
        CreateArguments,
        Desk.create,
        TufStatus,
        _CHANGES,
    ),
    (
        "tuf_status",
        "Show roles, keys and expiry of the TUF repository.",
        NoArguments,
        Desk.status,
        TufStatus,
        not _CHANGES,
    ),
    (
        "tuf_update",
        "Sign what has changed in the registry.",
        UpdateArguments,
        Desk.update,
        dict[str, int],
        _CHANGES,
    ),
    (
        "tuf_export",
        "Write a directory with metadata and contents that any web server can hand out.",
        ExportArguments,
        Desk.export,
        Exported,
        _CHANGES,
    ),
    (
        "tuf_renew",
        "Sign the timestamp anew, and what expires before long.",
        NoArguments,
        Desk.renew,
        dict[str, list[str]],
        _CHANGES,
    ),
    (
        "tuf_delegate",
        "Give a namespace new keys of its own, and a threshold.",
        DelegateArguments,
        Desk.delegate,
        RoleState,
        _CHANGES,
    ),
    (
        "tuf_revoke",
        "Take a key from a namespace, and sign anew what it had signed.",
        RevokeArguments,
        Desk.revoke,
        RoleState,
        _CHANGES,
    ),
    (
        "tuf_rotate",
        "Replace the keys of a top-level role.",
        RotateArguments,
        Desk.rotate,
        RoleState,
        _CHANGES,
    ),
)
_RUNS: Final = {name: (kind, run) for name, _, kind, run, _, _ in _TABLE}
OPERATIONS: Final = [
    OperationInfo(
        name,
        summary,
        "trust",
        f"trust:{'manage' if changes else 'read'}",
        changes,
        False,
        json.dumps(schema_of(kind), separators=(",", ":")),
        json.dumps(schema_of(answer), separators=(",", ":")),
    )
    for name, summary, kind, _, answer, changes in _TABLE
]
