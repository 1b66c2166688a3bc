"""``hyperhost:host/secrets``: single secrets, each under its own grant."""

from __future__ import annotations

from typing import ClassVar

from hyperhost.contracts import CONTRACT_VERSION
from hyperhost.errors import HostFunctionError, RefusalError
from hyperhost.sandbox.call import Call
from hyperhost.sandbox.interface import HostInterface, hostfunction

__all__ = ["SecretsInterface"]


class SecretsInterface(HostInterface):
    """Reads secrets by name. What was read is masked in everything that the plugin says from then on."""

    name: ClassVar[str] = f"hyperhost:host/secrets@{CONTRACT_VERSION}"
    capability: ClassVar[str] = "secrets"

    @hostfunction(requires="secrets:{name}")
    def get(self, call: Call, name: str) -> str | None:
        """The secret ``name``, or ``None`` if there is none of that name.

        Raises:
            HostFunctionError: the provider of secrets refuses; its reason is told.
        """
        read = call.services.secrets
        if read is None:
            return None
        try:
            value = read(name)
        except RefusalError as refusal:
            # It is the provider's refusal, and must not pass for one of the plugin that is being called.
            raise HostFunctionError(
                f"the secret {name[:120]!r} cannot be read: {refusal.reason}",
                plugin=call.plugin,
                hook=call.hook,
                hint=refusal.hint,
            ) from None
        if value is not None:
            call.services.revealed.add(call.plugin, value)
        return value
