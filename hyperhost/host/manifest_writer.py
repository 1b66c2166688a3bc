"""Write a manifest as ``plugin.toml``, leaving out what has its default."""

from __future__ import annotations

from hyperhost.host.manifest import PEOPLE_KEYS, HookEntry, Manifest
from hyperhost.host.tomltext import toml_text

__all__ = ["write_manifest"]


def write_manifest(manifest: Manifest) -> str:
    """See :meth:`Manifest.to_toml`."""
    table: dict[str, object] = {"plugin": _plugin(manifest)}
    # Order is kept only within one of the two forms, so one hook that needs a table moves them all.
    if not _plain(manifest):
        table["hook"] = [_hook(hook) for hook in manifest.hooks]
    table["capabilities"] = {"required": _asks(manifest, False), "optional": _asks(manifest, True)}
    table["limits"] = manifest.limits.to_dict()
    table["config"] = {
        "schema": manifest.config_schema or None,
        "defaults": manifest.config_defaults or None,
    }
    table["dependencies"] = {other: manifest.dependencies[other] for other in sorted(manifest.dependencies)}
    table["runtime"] = {
        "instances": None if manifest.instances == "per-call" else manifest.instances,
        "stub_denied": manifest.stub_denied or None,
    }
    table["provides"] = {"services": list(manifest.services) or None}
    if (build := manifest.build) is not None:
        table["build"] = {
            "language": build.language,
            "source": build.source,
            "specs": list(build.specs) or None,
            "interfaces": list(build.interfaces) or None,
        }
    return toml_text({name: section for name, section in table.items() if _says_something(section)})


def _plugin(manifest: Manifest) -> dict[str, object]:
    plugin: dict[str, object] = {"id": manifest.id, "version": manifest.version}
    plugin |= {key: getattr(manifest, key) or None for key in PEOPLE_KEYS}
    plugin["native"] = manifest.native
    plugin["component"] = None if manifest.component == "plugin.wasm" else manifest.component
    plugin["hooks"] = (list(manifest.hook_names) or None) if _plain(manifest) else None
    return plugin


def _plain(manifest: Manifest) -> bool:
    return all(hook == HookEntry(hook.name) for hook in manifest.hooks)


def _hook(hook: HookEntry) -> dict[str, object]:
    return {
        "name": hook.name,
        "priority": hook.priority,
        "before": list(hook.before) or None,
        "after": list(hook.after) or None,
    }


def _asks(manifest: Manifest, optional: bool) -> object:
    asks = [ask for ask in manifest.asks if ask.optional is optional]
    return [{"name": ask.capability.text, "reason": ask.reason} for ask in asks] or None


def _says_something(section: object) -> bool:
    return not isinstance(section, dict) or any(value is not None for value in section.values())
