"""Words for an import that ``plugin.toml`` does not cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.capabilities.kinds import BUILTIN_KINDS
from hyperhost.errors import BuildError, CompileError, UndeclaredImportError
from hyperhost.sandbox.interfaces import builtin_interfaces
from hyperhost.sdk.names import nearest

if TYPE_CHECKING:
    from hyperhost.sandbox.interface import HostInterface
    from hyperhost.sdk.project import Project

__all__ = ["undeclared"]


def undeclared(name: str, project: Project, said: str = "") -> BuildError:
    """The error for code that imports an interface which its world lacks.

    Args:
        name: Of the interface as the code spells it: ``kv_shared``, ``kv-shared``, or in full.
        project: Whose code it is.
        said: The compiler's own words, for an interface that does not exist at all.
    """
    wanted = name.replace("_", "-")
    known = [each for each in (*builtin_interfaces(), *project.offered) if each.typed]
    names = {form: each for each in known for form in _forms(each)}
    interface = names.get(wanted) or names.get(wanted.partition("@")[0])
    if interface is None:
        spell = _full if ":" in wanted else _short
        near = nearest(wanted, sorted({spell(each) for each in known}))
        return CompileError(
            said or f"imports {name}, which no host offers", hint=f"did you mean {near}?" if near else ""
        )
    capability = _capability(interface)
    return UndeclaredImportError(
        f"imports {interface.name}, which plugin.toml does not ask for",
        plugin=project.manifest.id,
        hint=f'add to plugin.toml: [[capabilities.required]] with name = "{capability}" and a reason',
    )


def _full(interface: HostInterface) -> str:
    return interface.name


def _short(interface: HostInterface) -> str:
    return interface.name.partition("@")[0].rpartition("/")[2]


def _forms(interface: HostInterface) -> tuple[str, str, str]:
    return interface.name, interface.name.partition("@")[0], _short(interface)


def _capability(interface: HostInterface) -> str:
    """How to write the capability behind an interface, with a place for its target."""
    kind = interface.capability if isinstance(interface.capability, str) else interface.capability[0]
    forms = {known.name: known.form for known in BUILTIN_KINDS}
    return forms.get(kind, f"{kind}:TARGET" if interface.target_required else kind)
