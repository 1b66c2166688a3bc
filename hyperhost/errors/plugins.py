"""A contract, a plugin or a package is not what it has to be."""

from __future__ import annotations

from hyperhost.errors.base import HyperHostError

__all__ = [
    "BadArgumentError",
    "BuildError",
    "CanaryError",
    "CompileError",
    "DependencyError",
    "DuplicatePluginError",
    "InstallError",
    "ManifestError",
    "OrderCycleError",
    "PackError",
    "PluginError",
    "PluginNotFoundError",
    "PluginStateError",
    "ProviderConflictError",
    "ProviderMissingError",
    "QuarantinedError",
    "SignatureError",
    "SpecError",
    "ToolchainError",
    "UndeclaredImportError",
    "UnsupportedTypeError",
    "UpgradeApprovalError",
]


class SpecError(HyperHostError):
    """A hookspec class cannot be used: it has no hooks, or two specs share a name."""

    code = "HH-SPEC"


class UnsupportedTypeError(SpecError):
    """A hookspec uses a Python type that has no counterpart in WIT.

    Raised when the spec is registered. Names the parameter and the nearest type that works.
    """

    code = "HH-SPEC-TYPE"


class BadArgumentError(HyperHostError):
    """The caller passed a hook a value that its hookspec does not allow.

    Names the argument by path (``findings[3].line``), the type expected and the value found.
    """

    code = "HH-ARGUMENT"


class PluginError(HyperHostError):
    """Something is wrong with a plugin as a whole, not with one call of it."""

    code = "HH-PLUGIN"


class ManifestError(PluginError):
    """``plugin.toml`` has an unknown, missing or ill-typed key. Names the key and the line's type."""

    code = "HH-MANIFEST"


class DuplicatePluginError(PluginError):
    """Two plugins share one id. Names where both come from."""

    code = "HH-DUPLICATE"


class PluginNotFoundError(PluginError):
    """No plugin has that id. The hint names the nearest one."""

    code = "HH-NOT-FOUND"


class PluginStateError(PluginError):
    """The plugin is in a state that does not allow what was asked (for example unloading twice)."""

    code = "HH-STATE"


class QuarantinedError(PluginStateError):
    """The plugin faulted too often and is resting. The hint says until when and how to release it."""

    code = "HH-QUARANTINED"


class OrderCycleError(PluginError):
    """``before``/``after`` of hook implementations form a cycle. Names the plugins along it."""

    code = "HH-ORDER"


class DependencyError(PluginError):
    """A plugin needs another that is missing, of the wrong version, or needs it in turn."""

    code = "HH-DEPENDENCY"


class ProviderConflictError(PluginError):
    """Several plugins could provide one service and nothing selects between them. Names them."""

    code = "HH-PROVIDER-CONFLICT"


class ProviderMissingError(PluginError):
    """No active plugin provides the service, or the selected one does not."""

    code = "HH-PROVIDER-MISSING"


class InstallError(PluginError):
    """A plugin could not be installed, upgraded or removed; the home directory is unchanged."""

    code = "HH-INSTALL"


class UpgradeApprovalError(InstallError):
    """The new version asks for more than was granted; the old version keeps running."""

    code = "HH-UPGRADE"


class CanaryError(PluginError):
    """A canary cannot be started or changed; or one was rolled back by itself, which is only recorded."""

    code = "HH-CANARY"


class PackError(PluginError):
    """A plugin could not be packed, or a package not written. What stood there before still does."""

    code = "HH-PACK"


class BuildError(PluginError):
    """A plugin could not be built, or a new project not written. What stood there before still does."""

    code = "HH-BUILD"


class ToolchainError(BuildError):
    """A tool that building needs is not installed; the hint is how to install it."""

    code = "HH-TOOLCHAIN"


class CompileError(BuildError):
    """The author's source does not compile; the message is the compiler's own."""

    code = "HH-COMPILE"


class UndeclaredImportError(BuildError):
    """The code uses what its manifest does not ask for; the hint is what to add to ``plugin.toml``."""

    code = "HH-BUILD-IMPORT"


class SignatureError(PluginError):
    """A signature does not fit its package, is missing or by another key, or a key cannot be used."""

    code = "HH-SIGNATURE"
