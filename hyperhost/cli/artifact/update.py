"""``hyperhost artifact update``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperhost.cli.artifact import draft as drafts
from hyperhost.cli.registry_options import ArtifactArgument, NamespaceOption, pairs
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "update")
    def update(
        session: Session,
        artifact: ArtifactArgument,
        file: drafts.FileArgument = None,
        description: drafts.DescriptionOption = None,
        licenses: drafts.LicenseOption = None,
        labels: drafts.LabelOption = None,
        unlabel: Annotated[
            list[str] | None, typer.Option("--unlabel", metavar="KEY", help="Remove a label.")
        ] = None,
        annotations: drafts.AnnotationOption = None,
        content: drafts.ContentOption = None,
        manifest: drafts.ManifestOption = None,
        visibility: drafts.VisibilityOption = None,
        algorithm: drafts.HashOption = "sha256",
        namespace: NamespaceOption = None,
    ) -> None:
        """Change an artifact. What it holds and needs can be changed as long as it is a draft.

        A file replaces what it names as a whole; options change one thing and keep the rest.
        """
        from hyperhost.cli.artifact.show import tell
        from hyperhost.cli.door import coordinates, door, full
        from hyperhost.cli.registry_rows import changed_row

        metadata = {"description": description, "licenses": licenses}
        merged = {
            "metadata": {key: value for key, value in metadata.items() if value is not None},
            "labels": pairs(labels, "--label"),
            "annotations": pairs(annotations, "--annotation"),
        }
        plain = {"content": content, "visibility": visibility}
        edit = _edit(file, manifest, {key: value for key, value in plain.items() if value is not None})
        reference = full(session, artifact, namespace)
        with door(session, changes=True) as operations:
            before = operations.run("read", artifact=reference)
            _merge(edit, before, merged, unlabel or [])
            if not edit:
                raise typer.BadParameter("nothing says what to change; see --help")
            drafts.send_content(session, operations, edit, algorithm)
            changed = operations.run("update", artifact=before["id"], edit=edit)
        tell(session, changed_row(changed), f"updated {coordinates(changed['artifact'])}")


def _edit(file: Path | None, manifest: Path | None, plain: dict[str, Any]) -> dict[str, Any]:
    from hyperhost.cli.draftfile import read_document

    edit = drafts.from_file(file) if file is not None else {}
    for key in ("namespace", "name", "type", "version"):
        edit.pop(key, None)  # of the file that the artifact was created from; these never change
    if manifest is not None:
        edit["manifest"] = read_document(manifest)
    return edit | plain


def _merge(edit: dict[str, Any], before: dict[str, Any], merged: dict[str, Any], unlabel: list[str]) -> None:
    """Lay single changes over what the file says, else over what there is."""
    for key, changes in merged.items():
        gone = unlabel if key == "labels" else []
        if changes or gone:
            kept = {name: value for name, value in {**edit.get(key, before[key])}.items() if name not in gone}
            edit[key] = kept | changes
