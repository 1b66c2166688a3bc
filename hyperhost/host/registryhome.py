"""Make a home the home of a registry: choose who keeps it, open it, take the choice back if that fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hyperhost.contracts import KeptNames
from hyperhost.errors import ConfigError, RefusalError, UnknownOperationError

if TYPE_CHECKING:
    from hyperhost.host.home import Home
    from hyperhost.host.host import Host

__all__ = ["init_registry", "is_lost", "make_anew"]


def init_registry(
    home: Home,
    providers: Mapping[str, str],
    settings: Mapping[str, Mapping[str, str]] | None = None,
    only: Iterable[str] | None = None,
) -> list[Path]:
    """Select providers in the home's configuration, and make what they keep.

    Args:
        home: Made if it is missing.
        providers: Id of a plugin by service, ``storage`` among them; a choice that was made before stays.
        settings: Configuration by id of a plugin, added to what is there.
        only: Ids of the plugins to load for it; all when not given.

    Returns:
        What was made.

    Raises:
        HomeError: the home cannot be made or is not safe to use.
        ConfigError: the configuration cannot be changed, or already says something else of a plugin.
        UnknownOperationError: the plugins of a registry are not installed.
        StorageError: the store cannot be opened. The configuration is as it was.
    """
    from hyperhost.host.configedit import added, write_config
    from hyperhost.host.home import init_home, open_host
    from hyperhost.host.operations import Operations

    made = init_home(home)
    before = home.config_file.read_text(encoding="utf-8")
    text = added(before, "providers", providers)
    for plugin_id, values in (settings or {}).items():
        known = home.load_config().plugin(plugin_id).config
        for key, value in values.items():
            if known.get(key, value) != value:
                raise ConfigError(
                    f"the configuration of {plugin_id} already has {key} = {str(known[key])!r}",
                    hint=f"change it in {home.config_file}",
                )
        text = added(text, f"plugins.{plugin_id}.config", values)
    if text != before:
        write_config(home.config_file, text)
    there = set(home.path.rglob("*"))
    try:
        with open_host(home, only=only) as host:
            Operations(host).run("list", page={"size": 1})
    except BaseException as error:
        if isinstance(error, UnknownOperationError):
            error.hint = "the plugins of the registry are not installed: pip install hyperhost"
        if text != before:
            write_config(home.config_file, before)
        raise
    return [*made, *sorted(path for path in home.path.glob("data/*/*.db") if path not in there)]


def is_lost(host: Host) -> bool:
    """Whether the store of a registry was made and is gone, so that it refuses everything."""
    try:
        host.hook.storage_names()
    except RefusalError as refusal:
        return refusal.rule == "storage.lost"
    return False


def make_anew(host: Host) -> None:
    """Make an empty store in the place of one that is lost.

    Raises:
        RefusalError: it cannot be made.
    """
    host.hook.storage_clear(names=KeptNames([], []))
