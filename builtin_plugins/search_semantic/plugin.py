"""Hook implementations of searching by meaning."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hyperhost.contracts import ArtifactChange, SearchHit, SemanticState
from hyperhost.errors import ConfigError, RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost

    from .following import Background
    from .meaning import Meaning

__all__ = ["SearchSemantic"]

T = TypeVar("T")
_LEAST: Final = 0.2
"""Cosine from which on a text has to do with another."""


class SearchSemantic:
    """The service ``semantic``. The index lies in the home; without one it is in memory."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._least = _LEAST
        self._guard = threading.Lock()
        self._meaning: Meaning | None = None
        self._background: Background | None = None
        self._idle = False

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself; the index is opened when it is first needed."""
        self._least = _read(context.config)
        self._context = context

    def plugin_stop(self) -> None:
        """End the thread, and close the index. What it has not embedded is embedded the next time."""
        if self._meaning is not None:
            self._meaning.stop()
        if self._background is not None:
            self._background.stop()
        if self._meaning is not None:
            self._meaning.close()

    @hookimpl
    def semantic_search(self, text: str, size: int, among: list[str]) -> list[SearchHit]:
        """See the hookspec."""
        found, rest = self._opened(lambda meaning: meaning.search(text, size, among))
        if rest:
            self._told()
        return [SearchHit(each, score) for each, score in found if score >= self._least]

    @hookimpl
    def semantic_status(self) -> SemanticState:
        """See the hookspec."""
        return self._opened(lambda meaning: meaning.state())

    @hookimpl
    def semantic_catch_up(self) -> SemanticState:
        """See the hookspec."""
        return self._opened(lambda meaning: meaning.finish())

    @hookimpl
    def artifact_created(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._told()

    @hookimpl
    def artifact_updated(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._told()

    @hookimpl
    def artifact_published(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._told()

    @hookimpl
    def artifact_deprecated(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._told()

    @hookimpl
    def artifact_deleted(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._told()

    def _told(self) -> None:
        """Embed in the background, where something can."""
        if self._context is None or self._idle:
            return
        with self._guard:
            if self._background is None:
                from .failures import libraries

                try:
                    libraries()
                except RefusalError:
                    self._idle = True
                    return
                from .following import Background

                self._background = Background(self._catch_up)
        self._background.tell()

    def _catch_up(self) -> None:
        try:
            self._opened(lambda meaning: meaning.catch_up())
        except Exception as error:  # noqa: BLE001 - the next search meets it, too, and says so
            rule = error.rule if isinstance(error, RefusalError) else ""
            self._idle = rule == "embedding.unavailable"
            if rule not in ("semantic.busy", "embedding.unavailable"):
                self._log(f"the index of vectors is behind: {error}")

    def _opened(self, ask: Callable[[Meaning], T]) -> T:
        """What the index answers; it is made again when it is damaged.

        Raises:
            RefusalError: as the hooks.
        """
        for attempt in (1, 2):
            meaning: Meaning | None = None
            try:
                meaning = self._index()
                return ask(meaning)
            except sqlite3.OperationalError as error:
                raise RefusalError(
                    f"the index of vectors cannot be used: {error}",
                    "semantic.unavailable",
                    hint="try again; check the disk of the home",
                ) from error
            except sqlite3.DatabaseError as error:
                if attempt == 2:
                    raise
                self._log(f"the index of vectors is damaged: {error}; it is made again")
                self._thrown_away(meaning)
        raise AssertionError  # both attempts return or raise

    def _index(self) -> Meaning:
        from .failures import libraries

        libraries()
        from .meaning import Meaning

        if self._context is None:
            raise RefusalError("the index of vectors needs a host", "semantic.unavailable")
        with self._guard:
            if self._meaning is None:
                self._meaning = Meaning(self._context)
            return self._meaning

    def _thrown_away(self, damaged: Meaning | None) -> None:
        from .meaning import remove

        with self._guard:
            if damaged is not None and self._meaning is damaged:
                damaged.stop()
                damaged.close()
            if self._meaning is damaged:
                self._meaning = None
                if self._context is not None and self._context.home is not None:
                    remove(self._context.data)

    def _log(self, text: str) -> None:
        if self._context is not None:
            self._context.log("warning", text)


def _read(config: Any) -> float:
    """The setting ``least``.

    Raises:
        ConfigError: it is none, or there is another one.
    """
    least = config.get("least", _LEAST)
    good = isinstance(least, int | float) and not isinstance(least, bool) and -1 <= least <= 1
    unknown = sorted(set(config) - {"least"})
    if unknown or not good:
        what = f"{unknown[0]!r} is no setting" if unknown else f"least = {least!r} is no number from -1 to 1"
        raise ConfigError(f"[plugins.search-semantic.config]: {what}", hint="least is the only setting")
    return float(least)
