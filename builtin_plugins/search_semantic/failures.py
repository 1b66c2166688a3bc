"""What this plugin refuses with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hyperhost.errors import HyperHostError, ProviderConflictError, ProviderMissingError, RefusalError

__all__ = ["busy", "embedding", "libraries"]


def libraries() -> None:
    """Return if the libraries of the index are installed.

    Raises:
        RefusalError: rule ``semantic.unavailable``: one is not.
    """
    from importlib.util import find_spec

    missing = [name for name in ("numpy", "usearch") if find_spec(name) is None]
    if missing:
        raise RefusalError(
            f"searching by meaning needs what is not installed: {', '.join(missing)}",
            "semantic.unavailable",
            hint="install it: pip install 'hyperhost[semantic]'",
        )


def busy() -> RefusalError:
    """Somebody else embeds at the moment."""
    return RefusalError(
        "another process brings the index of vectors up to date",
        "semantic.busy",
        hint="hyperhost search --status shows how far it is",
    )


@contextmanager
def embedding() -> Iterator[None]:
    """Make refusals of what happens in a block when nothing turns texts into vectors.

    Raises:
        RefusalError: rule ``semantic.unavailable``.
    """
    try:
        yield
    except (ProviderMissingError, ProviderConflictError) as error:
        raise _unanswered(error) from error


def _unanswered(error: HyperHostError) -> RefusalError:
    hint = error.hint
    if isinstance(error, ProviderMissingError):
        hint = "activate embed-minilm, which comes with HyperHost: hyperhost plugin activate embed-minilm"
    return RefusalError(
        f"nothing turns texts into vectors: {error.message}", "semantic.unavailable", hint=hint
    )
