"""What must not be chosen, and why: yanked versions, releases that are too young, what plugins exclude."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import Candidate, Dependency, ResolutionRequest
from hyperhost.contracts.limits import parse_duration_ms
from hyperhost.errors import ConstraintError
from hyperhost.offering import invalid
from hyperhost.versions import parse, satisfies

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Rules", "Settings", "read_settings"]

_US_PER_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Settings:
    """The plugin's configuration.

    Attributes:
        minimum_age: Releases younger than this are not chosen anew; as it was written.
        minimum_age_us: The same in microseconds.
        minimum_age_except: Patterns of ``namespace/name`` that may be younger.
        sources: Registries to look in where a request names none.
        pins: Pins that hold for every request: none of a request can move a name that is pinned here.
    """

    minimum_age: str = ""
    minimum_age_us: int = 0
    minimum_age_except: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    pins: Mapping[str, str] = field(default_factory=dict)


def read_settings(config: Mapping[str, object]) -> Settings:
    """The configuration of ``[plugins.resolution.config]``.

    Raises:
        RefusalError: a key is unknown or ill-typed.
    """
    known = ("minimum_age", "minimum_age_except", "sources", "pins")  # as the fields are called
    for key in config:
        if key not in known:
            raise invalid(
                f"config.{key[:80]}",
                "unknown",
                f"the configuration of 'resolution' has no {key[:80]!r}",
                f"known are {', '.join(known)}",
            )
    age = config.get("minimum_age", "")
    try:
        milliseconds = 0.0 if age == "" else parse_duration_ms(age) if isinstance(age, str) else None
    except ValueError:
        milliseconds = None
    if milliseconds is None:
        raise invalid("config.minimum_age", "duration", f"{age!r} is no duration", "write it as '3d'")
    pins = config.get("pins", {})
    if not isinstance(pins, Mapping) or not all(isinstance(each, str) for each in pins.values()):
        raise invalid(
            "config.pins", "type", "pins are no table of texts", 'write them as \'"org.acme/*" = "acme"\''
        )
    return Settings(
        str(age),
        int(milliseconds * _US_PER_MS),
        _texts(config, "minimum_age_except"),
        _texts(config, "sources"),
        dict(pins),
    )


def _texts(config: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = config.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise invalid(f"config.{key}", "type", f"{key} is no list of texts", "write it as ['…']")
    return tuple(value)


class Rules:
    """What must not be chosen for one request.

    Args:
        hook: The host's hooks.
        request: What is asked for.
        roots: Its roots that apply.
        settings: The configuration.
        now_us: When it was asked for.
        host_version: Version of HyperHost.
    """

    def __init__(
        self,
        hook: HookRelay,
        request: ResolutionRequest,
        roots: Sequence[Dependency],
        settings: Settings,
        now_us: int,
        host_version: str,
    ) -> None:
        self._hook = hook
        self._locked = request.locked
        self._settings = settings
        self._now_us = now_us
        self._host_version = host_version
        self._named: dict[str, set[str]] = {}
        for root in roots:
            if (version := _exactly(root.constraint)) is not None:
                self._named.setdefault(root.artifact, set()).add(version)

    def excluded(self, name: str, candidates: list[Candidate]) -> Iterator[tuple[str, str]]:
        """Versions that must not be chosen, each with what is said of it: "needs …", "was …"."""
        if not candidates:
            return
        for exclusions in self._hook.resolution_filter(candidates=candidates):
            yield from ((each.version, each.reason or each.rule) for each in exclusions)
        for candidate in candidates:
            if reason := self._own(name, candidate):
                yield candidate.version, reason

    def _own(self, name: str, candidate: Candidate) -> str:
        if candidate.host_constraint and not self._host_fits(candidate.host_constraint):
            return f"needs HyperHost {candidate.host_constraint}, and this is {self._host_version}"
        known = self._locked.get(name) == candidate.version
        if not known and candidate.version not in self._named.get(name, ()) and self._young(name, candidate):
            return f"was published less than {self._settings.minimum_age} ago"
        return ""

    def _young(self, name: str, candidate: Candidate) -> bool:
        least = self._settings.minimum_age_us
        if not least or not candidate.published_at_us:
            return False
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in self._settings.minimum_age_except):
            return False
        return self._now_us - candidate.published_at_us < least

    def _host_fits(self, constraint: str) -> bool:
        try:
            return satisfies(self._host_version, constraint, include_prerelease=True)
        except ConstraintError:
            return False  # the registry refuses such; one from elsewhere is not taken on trust


def _exactly(constraint: str) -> str | None:
    """The version that a constraint names alone, as in ``=1.2.3``; ``None`` when it is wider."""
    text = constraint.strip().removeprefix("=").strip()
    try:
        parse(text)
    except ValueError:
        return None
    return text
