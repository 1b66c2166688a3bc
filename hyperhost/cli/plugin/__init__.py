"""``hyperhost plugin``: one file per command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.cli.session import new_app

if TYPE_CHECKING:
    import typer

__all__ = ["build"]


def build() -> typer.Typer:
    """The group with all its commands, in the order in which help shows them."""
    from hyperhost.cli.plugin import (
        activate,
        call,
        grant,
        install,
        learn,
        logs,
        permissions,
        release,
        run,
        show,
        stats,
        uninstall,
        upgrade,
    )
    from hyperhost.cli.plugin import (
        list as list_,
    )

    app = new_app("Install plugins, decide what they may do, and use them.")
    for module in (
        list_,
        show,
        install,
        upgrade,
        uninstall,
        activate,
        permissions,
        grant,
        learn,
        call,
        run,
        logs,
        stats,
        release,
    ):
        module.register(app)
    return app
