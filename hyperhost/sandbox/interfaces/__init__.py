"""HyperHost's own host interfaces, WIT package ``hyperhost:host``: one module each.

They carry the version of the contract, so one that is imported at 1.0.0 is served by any later 1.x.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hyperhost.sandbox.interface import HostInterface

__all__ = ["builtin_interfaces"]


def builtin_interfaces() -> list[HostInterface]:
    """One new object of every interface the host brings along, in alphabetical order of their names."""
    from hyperhost.sandbox.interfaces.clock import ClockInterface
    from hyperhost.sandbox.interfaces.config import ConfigInterface
    from hyperhost.sandbox.interfaces.env import EnvInterface
    from hyperhost.sandbox.interfaces.http import HttpInterface
    from hyperhost.sandbox.interfaces.kv import KvInterface, KvSharedInterface
    from hyperhost.sandbox.interfaces.log import LogInterface
    from hyperhost.sandbox.interfaces.random import RandomInterface
    from hyperhost.sandbox.interfaces.secrets import SecretsInterface

    return [
        ClockInterface(),
        ConfigInterface(),
        EnvInterface(),
        HttpInterface(),
        KvInterface(),
        KvSharedInterface(),
        LogInterface(),
        RandomInterface(),
        SecretsInterface(),
    ]
