"""A component could not be loaded, or may not do what it would."""

from __future__ import annotations

from hyperhost.errors.base import HyperHostError
from hyperhost.errors.plugins import PluginError

__all__ = [
    "CapabilityError",
    "CapabilitySyntaxError",
    "ComponentFormatError",
    "ComponentTooLargeError",
    "CoreModuleError",
    "CorruptComponentError",
    "GrantError",
    "ImportDeniedError",
    "LinkError",
    "PluginLoadError",
    "SignatureMismatchError",
]


class PluginLoadError(PluginError):
    """A plugin could not be loaded. It left no trace: nothing of it is registered."""

    code = "HH-LOAD"


class ComponentFormatError(PluginLoadError):
    """The file is not a usable WebAssembly component."""

    code = "HH-FORMAT"


class CorruptComponentError(ComponentFormatError):
    """The file is truncated, empty, not WebAssembly, or fails validation."""

    code = "HH-FORMAT-CORRUPT"


class CoreModuleError(ComponentFormatError):
    """The file is a core module; HyperHost runs components. The hint names the conversion."""

    code = "HH-FORMAT-MODULE"


class ComponentTooLargeError(ComponentFormatError):
    """The file is larger than the host accepts."""

    code = "HH-FORMAT-SIZE"


class SignatureMismatchError(PluginLoadError):
    """An export does not have the type its hookspec says. Shows both, and where they part."""

    code = "HH-SIGNATURE-TYPE"


class LinkError(PluginLoadError):
    """The component imports something no host interface offers, or cannot be instantiated."""

    code = "HH-LINK"


class CapabilityError(HyperHostError):
    """Base of everything about capabilities and grants."""

    code = "HH-CAPABILITY"


class CapabilitySyntaxError(CapabilityError):
    """A capability is not written as the grammar says. Shows the form that would be right."""

    code = "HH-CAPABILITY-SYNTAX"


class GrantError(CapabilityError):
    """A grant is refused: the plugin never asked for it, or it is bound to another package."""

    code = "HH-GRANT"


class ImportDeniedError(PluginLoadError, CapabilityError):
    """A component imports a host interface outside its grant. The hint is the granting command.

    ``capability`` holds what would have to be granted, as far as it is known.
    """

    code = "HH-IMPORT-DENIED"
    capability: str = ""
