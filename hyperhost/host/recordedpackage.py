"""Find the package of a recording among those installed in a home directory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hyperhost.errors import PluginNotFoundError, RecordingComponentError
from hyperhost.host.package import Package, open_package

if TYPE_CHECKING:
    from hyperhost.host.home import Home
    from hyperhost.host.lockentry import LockEntry
    from hyperhost.host.recording import Recording

__all__ = ["installed_package"]


def installed_package(home: Home, recording: Recording, plugin: str | None = None) -> Package:
    """The installed package to replay a recording with. Whether it is the recorded one is checked later.

    Args:
        home: Where packages are.
        recording: What is to be replayed.
        plugin: Id of the plugin to take; when not given, the package with the recorded digest.

    Raises:
        PluginNotFoundError: ``plugin`` is not installed.
        RecordingComponentError: the recorded package is not installed; names what is.
        PluginLoadError: the package cannot be read.
    """
    entries = home.lock.read() if home.exists else {}
    if plugin is not None:
        if plugin not in entries:
            raise PluginNotFoundError(
                "is not installed",
                plugin=plugin,
                hint="give the package with --package, or name an installed plugin",
            )
        return open_package(home.package_of(entries[plugin]))
    for known in entries.values():
        for entry in (known, known.canary.entry) if known.canary is not None else (known,):
            if entry.digest == recording.digest:
                return open_package(home.package_of(entry))
    raise _missing(home, recording, entries.values())


def _missing(home: Home, recording: Recording, entries: Iterable[LockEntry]) -> RecordingComponentError:
    known = next((entry for entry in entries if entry.id == recording.plugin), None)
    if known is None:
        have = f"{recording.plugin} is not installed in {home.path}"
        hint = "give the package with --package FILE"
    else:
        have = f"installed is version {known.version} ({known.digest})"
        hint = (
            "give the recorded package with --package FILE, or replay it with the installed one: "
            f"--plugin {known.id} --force"
        )
    return RecordingComponentError(
        f"recorded was version {recording.version} ({recording.digest}); {have}",
        plugin=recording.plugin,
        hook=recording.hook,
        hint=hint,
    )
