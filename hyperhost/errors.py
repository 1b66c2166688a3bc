"""Every error HyperHost raises, in one tree.

Each error carries four facts besides its message:

``code``
    A stable identifier (``HH-…``) that scripts and dashboards may match on.
``plugin``
    Id of the plugin at fault, or ``None`` when no plugin is involved.
``hook``
    Name of the hook that was being called, or ``None`` outside of a call.
``hint``
    The next step for the reader, often the exact command to type.

``str(error)`` joins them into one readable line. The classes are grouped the way a caller
handles them: a plugin that could not be *loaded*, a component *call* that failed, a *limit*
that was hit, a *permission* that was missing, and files of the home directory that are wrong.
"""

from __future__ import annotations

__all__ = [
    "BadArgumentError",
    "BadResultError",
    "CacheError",
    "CapabilityDeniedError",
    "CapabilityError",
    "CapabilitySyntaxError",
    "ComponentFormatError",
    "ComponentTooLargeError",
    "ConcurrencyLimitError",
    "ConfigError",
    "ConflictError",
    "CoreModuleError",
    "CorruptComponentError",
    "DeadlineError",
    "DependencyError",
    "DuplicatePluginError",
    "FuelLimitError",
    "GrantError",
    "HomeError",
    "HostBytesLimitError",
    "HostCallLimitError",
    "HostFunctionError",
    "HyperHostError",
    "ImportDeniedError",
    "InputRequiredError",
    "InstallError",
    "InvalidInputError",
    "LimitError",
    "LinkError",
    "LockFileError",
    "ManifestError",
    "MemoryLimitError",
    "NotFoundError",
    "OperationError",
    "OrderCycleError",
    "OutdatedPluginError",
    "OutputLimitError",
    "PackError",
    "PluginError",
    "PluginLoadError",
    "PluginNotFoundError",
    "PluginStateError",
    "ProviderConflictError",
    "ProviderMissingError",
    "QuarantinedError",
    "QuotaExceededError",
    "QuotaError",
    "RefusalError",
    "SandboxError",
    "SignatureError",
    "SignatureMismatchError",
    "SpecError",
    "StackLimitError",
    "StorageError",
    "TrapError",
    "UnknownOperationError",
    "UnsupportedTypeError",
    "UpgradeApprovalError",
    "WrongStateError",
]


class HyperHostError(Exception):
    """Base of every error raised by HyperHost.

    Args:
        message: What went wrong, in one sentence without a trailing full stop.
        plugin: Id of the plugin at fault, if one is.
        hook: Name of the hook that was being called, if one was.
        hint: What the reader can do next.
    """

    code = "HH-ERROR"

    def __init__(
        self, message: str, *, plugin: str | None = None, hook: str | None = None, hint: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.plugin = plugin
        self.hook = hook
        self.hint = hint

    def __str__(self) -> str:
        where = [f"plugin {self.plugin!r}"] if self.plugin else []
        if self.hook:
            where.append(f"hook {self.hook!r}")
        prefix = ", ".join(where) + ": " if where else ""
        return f"{prefix}{self.message}" + (f" ({self.hint})" if self.hint else "")

    def located(self, plugin: str | None, hook: str | None) -> HyperHostError:
        """Fill in plugin and hook where they are still unknown, and return the error itself."""
        self.plugin = self.plugin or plugin
        self.hook = self.hook or hook
        return self


# --- contracts --------------------------------------------------------------------------------


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


# --- plugins ----------------------------------------------------------------------------------


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


class PackError(PluginError):
    """A plugin could not be packed, or a package not written. What stood there before still does."""

    code = "HH-PACK"


class SignatureError(PluginError):
    """A signature does not fit its package, is missing or by another key, or a key cannot be used."""

    code = "HH-SIGNATURE"


# --- loading a component ----------------------------------------------------------------------


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


# --- permissions ------------------------------------------------------------------------------


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


# --- calling a component ----------------------------------------------------------------------


class SandboxError(HyperHostError):
    """A call into a component failed. The host is unharmed and the instance is gone."""

    code = "HH-SANDBOX"


class TrapError(SandboxError):
    """The guest trapped. ``trap`` holds wasmtime's trap code in lower case, for example ``unreachable``."""

    code = "HH-TRAP"
    trap: str = "unknown"


class BadResultError(SandboxError):
    """The guest returned something its type does not allow: invalid UTF-8, an unknown case, and so on."""

    code = "HH-RESULT"


class OutdatedPluginError(SandboxError):
    """The component was built for an older contract that lacks a case or flag of an argument.

    Recorded, but not counted towards quarantine: other calls of the plugin are sound.
    """

    code = "HH-OUTDATED"


class HostFunctionError(SandboxError):
    """A host function raised. The original exception is ``__cause__``."""

    code = "HH-HOST-FUNCTION"


class CapabilityDeniedError(SandboxError, CapabilityError):
    """A component reached for something outside its grant while running."""

    code = "HH-DENIED"


class RefusalError(SandboxError):
    """A plugin's considered *no*: the ``error`` case of a hook whose spec documents ``raises``.

    Native plugins raise it (or a subclass); components return it as ``err``. It is an answer,
    not a fault: it does not count towards quarantine.

    Args:
        reason: Why, for a person.
        rule: Stable name of the rule that refused, empty if there is none.
    """

    code = "HH-REFUSED"

    def __init__(
        self,
        reason: str,
        rule: str = "",
        *,
        plugin: str | None = None,
        hook: str | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(reason, plugin=plugin, hook=hook, hint=hint)
        self.reason = reason
        self.rule = rule


class LimitError(SandboxError):
    """A component hit one of its limits. ``limit`` names the field of :class:`hyperhost.Limits`."""

    code = "HH-LIMIT"
    limit: str = ""


class DeadlineError(LimitError):
    """The call took longer than ``Limits.deadline``, host functions included."""

    code = "HH-LIMIT-DEADLINE"
    limit = "deadline"


class MemoryLimitError(LimitError):
    """The component needed more than ``Limits.memory``."""

    code = "HH-LIMIT-MEMORY"
    limit = "memory"


class FuelLimitError(LimitError):
    """The component used up ``Limits.fuel``."""

    code = "HH-LIMIT-FUEL"
    limit = "fuel"


class StackLimitError(LimitError):
    """The component recursed too deeply."""

    code = "HH-LIMIT-STACK"
    limit = "stack"


class OutputLimitError(LimitError):
    """The component wrote or returned more than ``Limits.output``."""

    code = "HH-LIMIT-OUTPUT"
    limit = "output"


class HostCallLimitError(LimitError):
    """The component called host functions more often than ``Limits.host_calls``."""

    code = "HH-LIMIT-HOST-CALLS"
    limit = "host_calls"


class HostBytesLimitError(LimitError):
    """The component moved more bytes through host functions than ``Limits.host_bytes``."""

    code = "HH-LIMIT-HOST-BYTES"
    limit = "host_bytes"


class ConcurrencyLimitError(LimitError):
    """``Limits.concurrency`` calls were already running and none ended before the deadline."""

    code = "HH-LIMIT-CONCURRENCY"
    limit = "concurrency"


class QuotaError(LimitError):
    """The component's key-value store would exceed ``Limits.kv``."""

    code = "HH-LIMIT-KV"
    limit = "kv"


# --- home directory ---------------------------------------------------------------------------


class HomeError(HyperHostError):
    """The home directory cannot be used. Names the path."""

    code = "HH-HOME"


class ConfigError(HomeError):
    """``hyperhost.toml`` has an unknown or ill-typed key. Names it and the nearest one."""

    code = "HH-CONFIG"


class LockFileError(HomeError):
    """``plugins.lock`` cannot be read or written. It was not changed."""

    code = "HH-LOCK"


class CacheError(HomeError):
    """The compile cache is unusable or was altered. The component was compiled anew instead."""

    code = "HH-CACHE"


class InputRequiredError(HyperHostError):
    """A question would have to be asked and there is no terminal. The hint names the flag."""

    code = "HH-INPUT"


# --- operations -------------------------------------------------------------------------------


class OperationError(HyperHostError):
    """An operation was refused. ``plugin`` names the plugin that refused it, where one did.

    Attributes:
        rule: Stable name of the rule, empty when there is none.
        field: Path of the argument concerned, empty when it is none in particular.
    """

    code = "HH-OPERATION"
    rule = ""
    field = ""


class UnknownOperationError(OperationError):
    """No plugin offers the operation."""

    code = "HH-OPERATION-UNKNOWN"


class InvalidInputError(OperationError):
    """An argument is not what it has to be; ``field`` and ``rule`` say which and why."""

    code = "HH-INVALID"


class NotFoundError(OperationError):
    """What the operation is about is not there."""

    code = "HH-MISSING"


class ConflictError(OperationError):
    """The operation contradicts what is there already."""

    code = "HH-CONFLICT"


class WrongStateError(OperationError):
    """The operation is not possible in the state of what it is about."""

    code = "HH-WRONG-STATE"


class QuotaExceededError(OperationError):
    """The operation would take more than a namespace may have."""

    code = "HH-QUOTA"


class StorageError(OperationError):
    """The store cannot be read or written. Nothing of the operation was done."""

    code = "HH-STORAGE"
