"""``hyperhost:host/log``: lines for the operator."""

from __future__ import annotations

from typing import ClassVar, Literal

from hyperhost.contracts import CONTRACT_VERSION
from hyperhost.sandbox.call import Call
from hyperhost.sandbox.interface import HostInterface, hostfunction

__all__ = ["LogInterface", "one_line"]

# Terminals act on control characters, and both line separators and bidirectional overrides let a
# plugin forge the look of lines that others wrote.
_REMOVED = [
    *range(0x20),
    *range(0x7F, 0xA0),
    0x200E,
    0x200F,
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
]
_TABLE: dict[int, str | None] = {**dict.fromkeys(_REMOVED), 0x09: " ", 0x0A: " ", 0x2028: " ", 0x2029: " "}


def one_line(text: str) -> str:
    """``text`` without control characters; line breaks and tabs become spaces."""
    return text.translate(_TABLE)


class LogInterface(HostInterface):
    """Writes to the plugin's log, under its output limit."""

    name: ClassVar[str] = f"hyperhost:host/log@{CONTRACT_VERSION}"
    capability: ClassVar[str] = "log"

    @hostfunction(requires="log")
    def write(self, call: Call, level: Literal["debug", "info", "warning", "error"], message: str) -> None:
        """Write one line.

        Raises:
            OutputLimitError: everything logged or printed in this call is over ``Limits.output``.
        """
        call.charge_output(len(message.encode("utf-8", "surrogatepass")))
        shown = call.services.revealed.text(call.plugin, message)
        call.services.log.write(call.plugin, call.hook, level, one_line(shown))
