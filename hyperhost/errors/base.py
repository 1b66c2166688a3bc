"""What every error carries."""

from __future__ import annotations

__all__ = [
    "HyperHostError",
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
    version: str | None = None
    """Set when a canary is at fault: what statistics call its version."""

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
