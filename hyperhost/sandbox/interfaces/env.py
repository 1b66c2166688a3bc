"""``hyperhost:host/env``: single environment variables of the host process."""

from __future__ import annotations

from typing import ClassVar

from hyperhost.contracts import CONTRACT_VERSION
from hyperhost.sandbox.call import Call
from hyperhost.sandbox.interface import HostInterface, hostfunction

__all__ = ["EnvInterface"]


class EnvInterface(HostInterface):
    """Reads variables one at a time, each under its own grant."""

    name: ClassVar[str] = f"hyperhost:host/env@{CONTRACT_VERSION}"
    capability: ClassVar[str] = "env"

    @hostfunction(requires="env:{name}")
    def get(self, call: Call, name: str) -> str | None:
        """The value of variable ``name``, or ``None`` if it is not set.

        Bytes that are not UTF-8 are replaced by U+FFFD.
        """
        value = call.services.environ.get(name)
        return None if value is None else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
