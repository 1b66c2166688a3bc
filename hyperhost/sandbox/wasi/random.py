"""``wasi:random``: random numbers under the capability ``random``, all from the host's one good source."""

from __future__ import annotations

from typing import ClassVar

from hyperhost.errors import HostBytesLimitError
from hyperhost.sandbox.call import Call
from hyperhost.sandbox.interface import HostInterface, hostfunction

__all__ = ["InsecureInterface", "InsecureSeedInterface", "RandomInterface"]


def _bytes(call: Call, length: int) -> bytes:
    """``length`` random bytes, refused before they take memory if the budget cannot hold them anyway."""
    most = call.limits.host_byte_count
    if length > most:
        raise HostBytesLimitError(
            f"asked for {length} random bytes at once, the limit host_bytes is {most}",
            plugin=call.plugin,
            hook=call.hook,
            hint="raise Limits.host_bytes if that much is expected",
        )
    return call.services.random(length)


def _u64(call: Call) -> int:
    return int.from_bytes(call.services.random(8), "little")


class RandomInterface(HostInterface):
    """``wasi:random/random``."""

    name: ClassVar[str] = "wasi:random/random"
    capability: ClassVar[str] = "random"
    typed: ClassVar[bool] = False

    @hostfunction(requires="random")
    def get_random_bytes(self, call: Call, length: int) -> bytes:
        """``length`` unpredictable bytes.

        Raises:
            HostBytesLimitError: more than ``Limits.host_bytes``.
        """
        return _bytes(call, length)

    @hostfunction(requires="random", name="get-random-u64")
    def get_random_u64(self, call: Call) -> int:
        """An unpredictable number of 64 bits."""
        return _u64(call)


class InsecureInterface(HostInterface):
    """``wasi:random/insecure``; as good as the secure one."""

    name: ClassVar[str] = "wasi:random/insecure"
    capability: ClassVar[str] = "random"
    typed: ClassVar[bool] = False

    @hostfunction(requires="random")
    def get_insecure_random_bytes(self, call: Call, length: int) -> bytes:
        """``length`` bytes.

        Raises:
            HostBytesLimitError: more than ``Limits.host_bytes``.
        """
        return _bytes(call, length)

    @hostfunction(requires="random", name="get-insecure-random-u64")
    def get_insecure_random_u64(self, call: Call) -> int:
        """A number of 64 bits."""
        return _u64(call)


class InsecureSeedInterface(HostInterface):
    """``wasi:random/insecure-seed``."""

    name: ClassVar[str] = "wasi:random/insecure-seed"
    capability: ClassVar[str] = "random"
    typed: ClassVar[bool] = False

    @hostfunction(requires="random")
    def insecure_seed(self, call: Call) -> tuple[int, int]:
        """Two numbers of 64 bits to seed hash tables with."""
        return _u64(call), _u64(call)
