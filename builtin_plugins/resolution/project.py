"""``hyperhost.deps.toml``: what a project needs, written by a person.

    [dependencies]
    "org.acme/log" = "^1.0.0"
    "org.acme/db" = { constraint = "^2", type = "dev", optional = true, condition = { os = ["linux"] } }

    [overrides]
    "org.acme/tls" = "=1.2.3"

    [pins]
    "org.acme/*" = "acme"

    [resolution]
    strategy = "highest"

Reading is strict: a key that nobody reads is refused. Changing leaves comments and order as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import hyperhost
from hyperhost.contracts import Dependency, DependencyType, ResolutionRequest
from hyperhost.contracts.codec import DataError, from_data
from hyperhost.errors import TomlError
from hyperhost.offering import invalid, missing

__all__ = ["EMPTY", "PROJECT_NAME", "Project", "add_dependency", "read_project", "remove_dependency"]

PROJECT_NAME: Final = "hyperhost.deps.toml"
EMPTY: Final = "[dependencies]\n"
MAX_PROJECT_BYTES: Final = 4 * 1024 * 1024

_SETTINGS: Final = {
    "strategy": str,
    "sources": list[str],
    "features": list[str],
    "os": str,
    "arch": str,
    "env": str,
    "optional": bool,
}


@dataclass(frozen=True, slots=True)
class Project:
    """What a project asks for.

    Attributes:
        dependencies: In the order of the file.
        overrides: ``namespace/name`` → constraint that stands instead of everyone else's.
        pins: ``namespace/name`` or ``namespace/*`` → registry.
        settings: Keys of ``[resolution]``, named as fields of
            :class:`~hyperhost.contracts.ResolutionRequest`.
    """

    dependencies: tuple[Dependency, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    pins: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def request(self, *, dev: bool = True) -> ResolutionRequest:
        """What to resolve; without those for development if ``dev`` is false."""
        roots = [each for each in self.dependencies if dev or each.type is not DependencyType.DEV]
        settings = {"sources": [], "features": []} | dict(self.settings)
        return ResolutionRequest(roots, overrides=dict(self.overrides), pins=dict(self.pins), **settings)


def read_project(text: str) -> Project:
    """Read a project file.

    Raises:
        RefusalError: ``invalid:PATH:RULE`` when it is too large, no TOML, or a key is unknown or
            ill-typed. Whether names and constraints are any is checked when they are resolved.
    """
    if len(text) > MAX_PROJECT_BYTES:
        raise invalid(
            "project",
            "size",
            f"{PROJECT_NAME} has {len(text):,} characters",
            f"the most is {MAX_PROJECT_BYTES:,}",
        )
    try:
        document = hyperhost.read_toml(text)
    except TomlError as error:
        raise invalid(
            "project", "toml", f"{PROJECT_NAME} is no TOML: {error.message}", "mend the line named"
        ) from None
    _known(document, ("dependencies", "overrides", "pins", "resolution"), "")
    settings = _table(document, "resolution")
    _known(settings, tuple(_SETTINGS), "resolution.")
    return Project(
        tuple(_dependency(name, entry) for name, entry in _table(document, "dependencies").items()),
        _typed(dict[str, str], _table(document, "overrides"), "overrides"),
        _typed(dict[str, str], _table(document, "pins"), "pins"),
        {key: _typed(_SETTINGS[key], value, f"resolution.{key}") for key, value in settings.items()},
    )


def add_dependency(text: str, dependency: Dependency) -> str:
    """The text with a dependency added, or changed if it is there.

    Raises:
        RefusalError: as :func:`read_project`.
    """
    import tomlkit

    read_project(text)
    document = tomlkit.parse(text)
    table = document.setdefault("dependencies", tomlkit.table())
    table[dependency.artifact] = _entry(dependency)
    written = tomlkit.dumps(document)
    read_project(written)
    return written


def remove_dependency(text: str, artifact: str) -> str:
    """The text without a dependency.

    Raises:
        RefusalError: ``missing:dependency`` when it is not there, else as :func:`read_project`.
    """
    import difflib

    import tomlkit

    known = [each.artifact for each in read_project(text).dependencies]
    if artifact not in known:
        near = difflib.get_close_matches(artifact[:200], known, 1)
        raise missing(
            "dependency",
            f"{PROJECT_NAME} does not depend on {artifact[:200]}",
            f"did you mean {near[0]}?" if near else "'hyperhost deps list' shows what it depends on",
        )
    document = tomlkit.parse(text)
    del document["dependencies"][artifact]
    return tomlkit.dumps(document)


def _entry(dependency: Dependency) -> Any:
    """A constraint alone where that says everything, else an inline table."""
    import tomlkit

    extra: dict[str, Any] = {}
    if dependency.type is not DependencyType.RUNTIME:
        extra["type"] = dependency.type.value
    if dependency.optional:
        extra["optional"] = True
    for key in ("registry", "scope", "reason"):
        if value := getattr(dependency, key):
            extra[key] = value
    if dependency.condition is not None:
        lists = {key: getattr(dependency.condition, key) for key in ("os", "arch", "env", "feature")}
        condition = tomlkit.inline_table()
        condition.update({key: value for key, value in lists.items() if value})
        extra["condition"] = condition
    if not extra:
        return dependency.constraint
    table = tomlkit.inline_table()
    table.update({"constraint": dependency.constraint} | extra)
    return table


def _dependency(name: str, entry: object) -> Dependency:
    place = f"dependencies.{name[:200]}"
    if isinstance(entry, str):
        return Dependency(name, entry)
    if not isinstance(entry, dict):
        raise invalid(place, "type", f"{place} is neither a constraint nor a table", 'write it as "^1.0.0"')
    if "artifact" in entry:
        raise invalid(
            f"{place}.artifact", "unknown", f"{place} names its artifact twice", "remove 'artifact'"
        )
    found: Dependency = _typed(Dependency, {"artifact": name} | entry, place)
    return found


def _typed(cls: Any, data: object, place: str) -> Any:
    try:
        return from_data(cls, data)
    except DataError as error:
        path = f"{place}.{error.path}" if error.path else place
        raise invalid(path, "type", f"{path} {error.problem}") from None


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise invalid(name, "type", f"{name} is no table", f"write it as [{name}]")
    return table


def _known(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in known:
            raise invalid(
                f"{place}{key[:80]}",
                "unknown",
                f"{PROJECT_NAME} has {place}{key[:80]!r}, which nobody reads",
                f"known are {', '.join(known)}",
            )
