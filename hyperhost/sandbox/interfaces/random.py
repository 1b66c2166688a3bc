"""``hyperhost:host/random``: unpredictable bytes."""

from __future__ import annotations

from typing import ClassVar

from hyperhost.contracts import CONTRACT_VERSION
from hyperhost.contracts.types import U32
from hyperhost.sandbox.call import Call
from hyperhost.sandbox.interface import HostInterface, hostfunction
from hyperhost.sandbox.interfaces.refuse import wild_argument

__all__ = ["MAX_BYTES", "RandomInterface"]

MAX_BYTES = 64 * 1024


class RandomInterface(HostInterface):
    """Gives bytes fit for keys, from the operating system unless the host replaced the source."""

    name: ClassVar[str] = f"hyperhost:host/random@{CONTRACT_VERSION}"
    capability: ClassVar[str] = "random"

    @hostfunction(requires="random", name="bytes")
    def read(self, call: Call, count: U32) -> bytes:
        """``count`` random bytes, at most 65,536.

        Raises:
            HostFunctionError: more were asked for.
        """
        if not 0 <= count <= MAX_BYTES:
            raise wild_argument(
                call, "random.bytes", f"{count} bytes asked for, 0 to {MAX_BYTES} a call", "ask several times"
            )
        return call.services.random(count)
