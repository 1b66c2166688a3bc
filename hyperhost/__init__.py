"""HyperHost runs plugins: trusted Python and sandboxed WebAssembly behind one hook call.

The public names are imported when they are first used, so that ``import hyperhost`` costs
milliseconds; wasmtime loads with the first component.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from hyperhost import errors as errors
    from hyperhost import versions as versions
    from hyperhost.capabilities.grammar import Capability as Capability
    from hyperhost.contracts.limits import Limits as Limits
    from hyperhost.hookspecs.markers import hookimpl as hookimpl
    from hyperhost.hookspecs.markers import hookspec as hookspec
    from hyperhost.host.canary import CanaryPolicy as CanaryPolicy
    from hyperhost.host.canary import CanaryState as CanaryState
    from hyperhost.host.canonical import canonical_json as canonical_json
    from hyperhost.host.context import PluginContext as PluginContext
    from hyperhost.host.entrance import authenticate as authenticate
    from hyperhost.host.entrance import credential_of as credential_of
    from hyperhost.host.entrance import keep_password as keep_password
    from hyperhost.host.entrance import start_login as start_login
    from hyperhost.host.envelope import artifact_payload as artifact_payload
    from hyperhost.host.envelope import read_bundle as read_bundle
    from hyperhost.host.envelope import signed_bytes as signed_bytes
    from hyperhost.host.envelope import write_bundle as write_bundle
    from hyperhost.host.faults import Fault as Fault
    from hyperhost.host.home import open_host as open_host
    from hyperhost.host.host import Host as Host
    from hyperhost.host.judging import JudgedSignature as JudgedSignature
    from hyperhost.host.judging import SignatureReport as SignatureReport
    from hyperhost.host.judging import judge_signatures as judge_signatures
    from hyperhost.host.judging import require_signatures as require_signatures
    from hyperhost.host.keys.algorithm import KeyAlgorithm as KeyAlgorithm
    from hyperhost.host.keys.provider import SigningProvider as SigningProvider
    from hyperhost.host.keys.sealedfile import SealedFile as SealedFile
    from hyperhost.host.lean import import_without as import_without
    from hyperhost.host.operations import Operations as Operations
    from hyperhost.host.outputs import write_outputs as write_outputs
    from hyperhost.host.plugin import Plugin as Plugin
    from hyperhost.host.quarantine import QuarantinePolicy as QuarantinePolicy
    from hyperhost.host.recording import Recording as Recording
    from hyperhost.host.replay import replay as replay
    from hyperhost.host.tomlread import read_toml as read_toml
    from hyperhost.host.trusted import TrustedHooks as TrustedHooks
    from hyperhost.host.wholefile import write_whole as write_whole
    from hyperhost.sandbox.call import Call as Call
    from hyperhost.sandbox.interface import Err as Err
    from hyperhost.sandbox.interface import HostInterface as HostInterface
    from hyperhost.sandbox.interface import hostfunction as hostfunction

_NAMES = {
    "Call": "hyperhost.sandbox.call",
    "CanaryPolicy": "hyperhost.host.canary",
    "CanaryState": "hyperhost.host.canary",
    "Capability": "hyperhost.capabilities.grammar",
    "Err": "hyperhost.sandbox.interface",
    "Fault": "hyperhost.host.faults",
    "Host": "hyperhost.host.host",
    "HostInterface": "hyperhost.sandbox.interface",
    "JudgedSignature": "hyperhost.host.judging",
    "KeyAlgorithm": "hyperhost.host.keys.algorithm",
    "Limits": "hyperhost.contracts.limits",
    "Operations": "hyperhost.host.operations",
    "Plugin": "hyperhost.host.plugin",
    "PluginContext": "hyperhost.host.context",
    "QuarantinePolicy": "hyperhost.host.quarantine",
    "Recording": "hyperhost.host.recording",
    "SealedFile": "hyperhost.host.keys.sealedfile",
    "SignatureReport": "hyperhost.host.judging",
    "SigningProvider": "hyperhost.host.keys.provider",
    "TrustedHooks": "hyperhost.host.trusted",
    "artifact_payload": "hyperhost.host.envelope",
    "authenticate": "hyperhost.host.entrance",
    "canonical_json": "hyperhost.host.canonical",
    "credential_of": "hyperhost.host.entrance",
    "hookimpl": "hyperhost.hookspecs.markers",
    "hookspec": "hyperhost.hookspecs.markers",
    "hostfunction": "hyperhost.sandbox.interface",
    "judge_signatures": "hyperhost.host.judging",
    "keep_password": "hyperhost.host.entrance",
    "import_without": "hyperhost.host.lean",
    "open_host": "hyperhost.host.home",
    "read_bundle": "hyperhost.host.envelope",
    "read_toml": "hyperhost.host.tomlread",
    "require_signatures": "hyperhost.host.judging",
    "replay": "hyperhost.host.replay",
    "signed_bytes": "hyperhost.host.envelope",
    "start_login": "hyperhost.host.entrance",
    "write_bundle": "hyperhost.host.envelope",
    "write_outputs": "hyperhost.host.outputs",
    "write_whole": "hyperhost.host.wholefile",
}

__all__ = [*_NAMES, "__version__", "errors", "versions"]


def __getattr__(name: str) -> Any:
    if name in ("errors", "versions"):
        return import_module(f"hyperhost.{name}")
    if name in _NAMES:
        value = getattr(import_module(_NAMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
