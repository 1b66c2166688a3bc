"""A plugin manager with the hooks of storage and nothing else."""

from __future__ import annotations

import pluggy

from hyperhost.hookspecs import PROJECT
from hyperhost.hookspecs.storage import StorageHooks
from hyperhost.hookspecs.storage_records import StorageRecordHooks
from hyperhost.hookspecs.storage_upkeep import StorageUpkeepHooks


def manager_with(*plugins: object) -> pluggy.PluginManager:
    """A manager that holds these plugins."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(StorageHooks)
    manager.add_hookspecs(StorageRecordHooks)
    manager.add_hookspecs(StorageUpkeepHooks)
    for plugin in plugins:
        manager.register(plugin)
    manager.check_pending()
    return manager
