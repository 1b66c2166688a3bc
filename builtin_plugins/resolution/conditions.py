"""Where a dependency applies: operating system, architecture, environment, features."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from typing import Final

from hyperhost.contracts import DependencyCondition, ResolutionRequest

__all__ = ["Surroundings", "surroundings"]

_SYSTEMS: Final = {"darwin": "macos", "win32": "windows", "cygwin": "windows", "osx": "macos", "mac": "macos"}
_MACHINES: Final = {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64", "i686": "x86", "i386": "x86"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What conditions are judged by.

    Attributes:
        os: ``linux``, ``macos``, ``windows`` or another.
        arch: ``x86_64``, ``aarch64`` or another.
        env: The environment; empty for none.
        features: Features that are switched on.
    """

    os: str
    arch: str
    env: str
    features: frozenset[str]

    def allow(self, condition: DependencyCondition | None) -> bool:
        """Whether all that a condition asks for holds; a list that is empty asks for nothing."""
        if condition is None:
            return True
        return (
            (not condition.os or self.os in map(_system, condition.os))
            and (not condition.arch or self.arch in map(_machine, condition.arch))
            and (not condition.env or self.env in condition.env)
            and self.features.issuperset(condition.feature)
        )


def surroundings(request: ResolutionRequest) -> Surroundings:
    """What the conditions of a request are judged by: what it says, else this machine."""
    return Surroundings(
        _system(request.os or sys.platform),
        _machine(request.arch or platform.machine()),
        request.env,
        frozenset(request.features),
    )


def _system(name: str) -> str:
    """One name for each system: Python, npm and people use several."""
    lower = name.lower()
    return _SYSTEMS.get(lower, lower)


def _machine(name: str) -> str:
    lower = name.lower()
    return _MACHINES.get(lower, lower)
