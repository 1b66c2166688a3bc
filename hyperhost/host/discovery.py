"""Find plugins that are installed with pip, without importing any of them.

Native plugins declare an entry point in the group ``hyperhost.plugins``:
``secret-scan = "acme_scan.plugin:SecretScan"``. Wheels that carry a component declare one in
``hyperhost.components`` whose value is the package that holds ``plugin.toml`` and the
component: ``secret-scan = "acme_scan.component"``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hyperhost.errors import DuplicatePluginError, PluginLoadError

__all__ = ["COMPONENTS", "PLUGINS", "Discovered", "discover"]

PLUGINS = "hyperhost.plugins"
COMPONENTS = "hyperhost.components"


@dataclass(frozen=True, slots=True)
class Discovered:
    """One installed plugin, found but not imported.

    Attributes:
        id: The entry point's name.
        kind: What it is.
        value: What the entry point refers to.
        distribution: Name of the distribution that installed it.
        version: Version of the distribution.
    """

    id: str
    kind: Literal["native", "component"]
    value: str
    distribution: str
    version: str
    _entry: Any

    def load(self) -> Any:
        """Import a native plugin and return the object; a class is instantiated.

        Raises:
            PluginLoadError: importing or instantiating it fails.
        """
        try:
            found = self._entry.load()
            return found() if isinstance(found, type) else found
        except Exception as caught:
            raise PluginLoadError(
                f"cannot be imported from {self.value}: {type(caught).__name__}: {caught}",
                plugin=self.id,
                hint=f"reinstall or remove the distribution {self.distribution}",
            ) from caught

    def directory(self) -> Path:
        """The directory of a component's package; nothing of it is imported.

        Raises:
            PluginLoadError: it is not a directory on disk.
        """
        relative = self.value.partition(":")[0].strip().replace(".", "/")
        path = Path(str(self._entry.dist.locate_file(relative)))
        if not path.is_dir():
            raise PluginLoadError(
                f"{self.value} of {self.distribution} is no directory with a plugin.toml",
                plugin=self.id,
                hint="reinstall the distribution; components cannot be loaded from zipped packages",
            )
        return path


def discover(groups: Iterable[str] = (PLUGINS, COMPONENTS)) -> list[Discovered]:
    """Installed plugins by id, importing none of them.

    Raises:
        DuplicatePluginError: two distributions declare one id; names both.
    """
    import importlib_metadata

    found: dict[str, Discovered] = {}
    # Entry points and the metadata of a distribution are read from files, anew each time they are asked for.
    installed = importlib_metadata.entry_points()
    described: dict[int, tuple[str, str]] = {}
    for group in groups:
        for entry in installed.select(group=group):
            distribution = entry.dist
            name, version = "?", "0"
            if distribution is not None:
                if id(distribution) not in described:
                    metadata = distribution.metadata
                    described[id(distribution)] = metadata["Name"], metadata["Version"]
                name, version = described[id(distribution)]
            kind: Literal["native", "component"] = "native" if group == PLUGINS else "component"
            item = Discovered(entry.name, kind, entry.value, name, version, entry)
            other = found.get(item.id)
            if other is not None:
                if (other.value, other.distribution, other.kind) == (
                    item.value,
                    item.distribution,
                    item.kind,
                ):
                    continue  # one distribution seen twice on sys.path
                raise DuplicatePluginError(
                    f"is declared by {other.distribution} ({other.value}) "
                    f"and by {item.distribution} ({item.value})",
                    plugin=item.id,
                    hint="uninstall one of the two distributions",
                )
            found[item.id] = item
    return sorted(found.values(), key=lambda item: item.id)
