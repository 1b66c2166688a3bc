"""Whose signatures an operator accepts: ``[keys]`` of ``hyperhost.toml``."""

from __future__ import annotations

from dataclasses import dataclass

from hyperhost.errors import SignatureError

__all__ = ["KeyRules"]


@dataclass(frozen=True, slots=True)
class KeyRules:
    """Which keys may have signed a plugin. Checked when it is installed, and each time it is loaded.

    Attributes:
        trusted: Key ids; when there are any, a package by another key, or by none, is refused.
        revoked: Key ids that are refused whatever else holds, for example because they were stolen.
    """

    trusted: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()

    def check(self, plugin: str, publisher: str) -> None:
        """Return if a package may be used.

        Args:
            plugin: Id of the plugin.
            publisher: Key id that signed its package, empty when it is not signed.

        Raises:
            SignatureError: its key is revoked, or is none of the trusted ones.
        """
        if publisher and publisher in self.revoked:
            raise SignatureError(
                f"is signed by {publisher}, which is revoked",
                plugin=plugin,
                hint="get a version that its publisher signed with another key; see [keys] in hyperhost.toml",
            )
        if self.trusted and publisher not in self.trusted:
            who = f"signed by {publisher}, which is not trusted here" if publisher else "not signed"
            raise SignatureError(
                f"is {who}",
                plugin=plugin,
                hint="add its key to [keys] trusted in hyperhost.toml, once you know whose it is",
            )
