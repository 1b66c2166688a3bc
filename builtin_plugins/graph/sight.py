"""What a principal may see. Nobody is asked before somebody is met, and nobody twice in one question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hyperhost.contracts import Principal, PrincipalKind, Resource, Visibility
from hyperhost.errors import ProviderConflictError, ProviderMissingError

from .arrays import Ints
from .records import STATES, VISIBILITIES
from .view import View

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Sight"]


class Sight:
    """Which versions a principal may see, as ``access_visible`` says; the owner of the home sees all.

    Args:
        hook: The host's hooks.
        principal: Who asks.
        view: The graph.

    Attributes:
        all: They may see everything.
        is_private: Something was shown that is not public.
    """

    def __init__(self, hook: HookRelay, principal: Principal, view: View) -> None:
        self._hook: Any = hook
        self._principal = principal
        self._view = view
        self._known: list[dict[int, bool]] = [{} for _ in view.parts]
        self.all = principal.kind is PrincipalKind.SYSTEM or (
            principal.id == "local:owner" and principal.kind is PrincipalKind.USER
        )
        self.is_private = False

    def show(self, part: int, row: int) -> None:
        """Note that a version is about to be shown."""
        facts = self._view.parts[part].segment.facts
        self.is_private = self.is_private or VISIBILITIES[facts[row, 0]] is not Visibility.PUBLIC

    def any(self, part: int, rows: Ints) -> bool:
        """Whether one of some rows may be seen; no more are judged than it takes."""
        step = 8
        while len(rows):
            if len(self.rows(part, rows[:step])):
                return True
            rows, step = rows[step:], step * 4
        return False

    def rows(self, part: int, rows: Ints) -> Ints:
        """Those of some rows that may be seen and count."""
        rows = self._view.parts[part].kept(rows)
        if self.all or not len(rows):
            return rows
        known = self._known[part]
        unknown = [row for row in dict.fromkeys(rows.tolist()) if row not in known]
        if unknown:
            known.update(zip(unknown, self._asked(part, unknown), strict=True))
        return rows[np.array([known[row] for row in rows.tolist()], np.bool_)]

    def versions(self, name: int) -> list[tuple[int, int]]:
        """Part and row of each version that may be seen, the one that stands for the name first."""
        found: list[tuple[int, int]] = []
        for number, part in enumerate(self._view.parts):
            rows = part.segment.rows_of(name)
            seen = self.rows(number, np.arange(rows.start, rows.stop, dtype=np.int32))
            found += [(number, row) for row in seen.tolist()]
        return found

    def face(self, name: int) -> tuple[int, int] | None:
        """Part and row of the version that stands for a name; ``None`` when none may be seen."""
        return next(iter(self.versions(name)), None)

    def _asked(self, part: int, rows: Sequence[int]) -> list[bool]:
        segment, names = self._view.parts[part].segment, self._view.names.texts
        resources = []
        for row in rows:
            name, facts = names[segment.own[row]], segment.facts[row]
            resources.append(
                Resource(
                    "artifact",
                    segment.ids[row],
                    name.partition("/")[0],
                    VISIBILITIES[facts[0]],
                    "?",
                    STATES[facts[1]].value,
                    f"{name}@{segment.versions[row]}",
                )
            )
        try:
            found: list[bool] = self._hook.access_visible(principal=self._principal, resources=resources)
        except ProviderConflictError:
            raise
        except ProviderMissingError:
            self.all = True  # nobody decides here, so everybody sees everything
            return [True] * len(rows)
        return found
