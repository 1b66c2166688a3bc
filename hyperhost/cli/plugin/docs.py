"""``hyperhost plugin docs``."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hyperhost.cli.complete import plugin_ids
from hyperhost.cli.plugin.showfile import is_file
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.sdk.reference import Subject

__all__ = ["register"]


class PageFormat(Enum):
    """Forms of pages."""

    markdown = "markdown"
    html = "html"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "docs")
    def docs(
        session: Session,
        plugin: Annotated[
            str,
            typer.Argument(
                metavar="DIR|FILE|ID",
                help="Directory of a plugin, a package such as scan.hhp, or an installed plugin.",
                autocompletion=plugin_ids,
            ),
        ] = ".",
        out: Annotated[
            Path | None,
            typer.Option(
                metavar="DIR",
                help="Where to write; docs/reference of a project, else ID-reference, when not given.",
            ),
        ] = None,
        form: Annotated[
            PageFormat, typer.Option("--format", help="Form of the pages.")
        ] = PageFormat.markdown,
        specs: Annotated[
            list[str] | None,
            typer.Option(
                help="Document the hooks of a host program, and no plugin; repeat for more.",
                metavar="PKG.MOD:CLASS",
            ),
        ] = None,
    ) -> None:
        """Write reference pages: hooks, capabilities, configuration and WIT of a plugin."""
        from hyperhost.sdk.reference import files
        from hyperhost.sdk.reference_write import write_pages

        if specs and plugin != ".":
            raise typer.BadParameter("give --specs or a plugin")
        subject = _program(specs) if specs else _plugin(session, plugin)
        directory = out or _place(subject)
        pages = files(subject, form.value)
        write_pages(pages, directory)
        if session.out.structured:
            session.out.data(
                {
                    "directory": str(directory.absolute()),
                    "id": subject.manifest.id if subject.manifest else None,
                    "format": form.value,
                    "files": list(pages),
                    "unknown": list(subject.unknown),
                }
            )
            return
        count = f"{len(pages)} page{'' if len(pages) == 1 else 's'}"
        session.out.note(f"wrote {count} into {directory}: {directory / next(iter(pages))}")
        for name in subject.unknown:
            session.out.note(f"  the hook {name!r} is not known here, so nothing is said of it")


def _program(specs: list[str]) -> Subject:
    from hyperhost.cli.wit import specs_from_here
    from hyperhost.sdk.reference import subject_of_specs

    return subject_of_specs(
        f"Hooks of {specs[0].partition(':')[0].partition('.')[0]}", specs_from_here(specs)
    )


def _plugin(session: Session, plugin: str) -> Subject:
    from hyperhost.cli.plugin.options import installer
    from hyperhost.errors import BuildError
    from hyperhost.hookspecs import KERNEL_SPECS
    from hyperhost.host.populate import import_specs
    from hyperhost.sdk.reference import subject_of_package, subject_of_plugin

    specs = [*KERNEL_SPECS, *import_specs(session.config.specs)]
    if is_file(plugin) or Path(plugin).is_dir():
        return subject_of_plugin(plugin, specs)
    entry = installer(session).known(plugin)
    if not entry.digest:
        raise BuildError(
            "is a native plugin, which has no manifest to document it by",
            plugin=plugin,
            hint="document the hooks that it answers: hyperhost plugin docs --specs PKG.MOD:CLASS",
        )
    return subject_of_package(session.home.package_of(entry), specs)


def _place(subject: Subject) -> Path:
    """Where pages are written when nobody says: in a project, where packing finds them."""
    if subject.project is not None:
        return subject.project / "docs" / "reference"
    return Path(f"{subject.manifest.id if subject.manifest else 'hooks'}-reference")
