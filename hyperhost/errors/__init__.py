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

from hyperhost.errors.base import (
    HyperHostError,
)
from hyperhost.errors.calls import (
    BadResultError,
    CapabilityDeniedError,
    ConcurrencyLimitError,
    DeadlineError,
    FuelLimitError,
    HostBytesLimitError,
    HostCallLimitError,
    HostFunctionError,
    LimitError,
    MemoryLimitError,
    OutdatedPluginError,
    OutputLimitError,
    QuotaError,
    RefusalError,
    SandboxError,
    StackLimitError,
    TrapError,
)
from hyperhost.errors.files import (
    CacheError,
    ConfigError,
    HomeError,
    InputRequiredError,
    LockFileError,
    OutputFileError,
    RecordingComponentError,
    RecordingError,
    ReplayMismatchError,
)
from hyperhost.errors.loading import (
    CapabilityError,
    CapabilitySyntaxError,
    ComponentFormatError,
    ComponentTooLargeError,
    CoreModuleError,
    CorruptComponentError,
    GrantError,
    ImportDeniedError,
    LinkError,
    PluginLoadError,
    SignatureMismatchError,
)
from hyperhost.errors.operations import (
    AccessDeniedError,
    AuthenticationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    OperationError,
    PolicyDeniedError,
    QuerySyntaxError,
    QuotaExceededError,
    StorageError,
    TrustError,
    UnknownOperationError,
    WrongStateError,
)
from hyperhost.errors.plugins import (
    BadArgumentError,
    BuildError,
    CanaryError,
    CompileError,
    DependencyError,
    DuplicatePluginError,
    InstallError,
    ManifestError,
    OrderCycleError,
    PackError,
    PluginError,
    PluginNotFoundError,
    PluginStateError,
    ProviderConflictError,
    ProviderMissingError,
    QuarantinedError,
    SignatureError,
    SpecError,
    ToolchainError,
    UndeclaredImportError,
    UnsupportedTypeError,
    UpgradeApprovalError,
)
from hyperhost.errors.resolution import (
    ConstraintError,
    ResolutionError,
    VersionError,
)
from hyperhost.errors.values import CanonicalJsonError, TomlError

__all__ = [
    "AccessDeniedError",
    "AuthenticationError",
    "BadArgumentError",
    "BadResultError",
    "BuildError",
    "CacheError",
    "CanaryError",
    "CanonicalJsonError",
    "CapabilityDeniedError",
    "CapabilityError",
    "CapabilitySyntaxError",
    "CompileError",
    "ComponentFormatError",
    "ComponentTooLargeError",
    "ConcurrencyLimitError",
    "ConfigError",
    "ConflictError",
    "ConstraintError",
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
    "OutputFileError",
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
    "PolicyDeniedError",
    "ProviderConflictError",
    "ProviderMissingError",
    "QuarantinedError",
    "QuerySyntaxError",
    "QuotaError",
    "QuotaExceededError",
    "RecordingComponentError",
    "RecordingError",
    "RefusalError",
    "ReplayMismatchError",
    "ResolutionError",
    "SandboxError",
    "SignatureError",
    "SignatureMismatchError",
    "SpecError",
    "StackLimitError",
    "StorageError",
    "TomlError",
    "ToolchainError",
    "TrapError",
    "TrustError",
    "UndeclaredImportError",
    "UnknownOperationError",
    "UnsupportedTypeError",
    "UpgradeApprovalError",
    "VersionError",
    "WrongStateError",
]
