"""Versions of one package as positions, and constraints as sets of positions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hyperhost.errors import ConstraintError, InvalidInputError, VersionError
from hyperhost.versions import Constraint, Version, parse

__all__ = ["IfPresent", "Table", "Tables", "located", "positions"]


@dataclass(frozen=True, slots=True)
class IfPresent:
    """A dependency that nothing has to bring: should something else choose the package, this must hold.

    Attributes:
        constraint: Text, or the object form.
    """

    constraint: str | Mapping[str, str] | Constraint


class Table:
    """Versions in ascending order. Packages that have the same versions share one.

    Attributes:
        texts: Position → the version as it was written.
        versions: Position → the version.
        masks: Text of a constraint → positions that satisfy it, for whoever wants to keep them.
    """

    __slots__ = ("_keys", "_prereleases", "masks", "texts", "versions")

    def __init__(self, versions: list[tuple[Version, str]]) -> None:
        ordered = sorted(versions, key=lambda each: (each[0].key, each[1]))
        self.texts = [text for _, text in ordered]
        self.versions = [version for version, _ in ordered]
        self.masks: dict[str, int] = {}
        self._keys = [version.key for version in self.versions]
        self._prereleases = sum(
            1 << position for position, version in enumerate(self.versions) if version.is_prerelease
        )

    def mask(self, constraint: Constraint) -> int:
        """The positions that satisfy a constraint."""
        return constraint.set.among(self._keys, self._prereleases)


class Tables:
    """Makes tables, and reads each text of a version and of a constraint once."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, ...], Table] = {}
        self._versions: dict[str, Version] = {}
        self._constraints: dict[str, Constraint] = {}

    def table(self, texts: Iterable[str]) -> Table:
        """The table of some versions.

        Raises:
            VersionError: One of them is none.
        """
        key = tuple(texts)
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = Table([(self._version(text), text) for text in key])
        return table

    def _version(self, text: str) -> Version:
        version = self._versions.get(text)
        if version is None:
            if not isinstance(text, str):
                raise InvalidInputError(f"a version is text, not {type(text).__name__}")
            version = self._versions[text] = parse(text)
        return version

    def constraint(self, declared: object) -> Constraint:
        """Read a constraint: text, the object form, or one that was read already.

        Raises:
            ConstraintError: It cannot be read.
            InvalidInputError: It is nothing that a constraint could be.
        """
        if isinstance(declared, str):
            known = self._constraints.get(declared)
            if known is None:
                known = self._constraints[declared] = Constraint.parse(declared)
            return known
        if isinstance(declared, Constraint):
            return declared
        if isinstance(declared, Mapping):
            return Constraint.parse(declared)
        raise InvalidInputError(f"a constraint is {type(declared).__name__}, neither text nor an object")


def located(
    error: ConstraintError | InvalidInputError | VersionError, where: str
) -> ConstraintError | InvalidInputError | VersionError:
    """The same error, saying whose constraint or version it is."""
    message = f"{where}: {error.message}"
    if isinstance(error, VersionError):
        return VersionError(message, hint=error.hint)
    if isinstance(error, ConstraintError):
        return ConstraintError(message, position=error.position, expected=error.expected, hint=error.hint)
    return InvalidInputError(message, hint=error.hint)


def positions(mask: int) -> Iterator[int]:
    """The positions in a set, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
