"""``hyperhost artifact create``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.cli.artifact import draft as drafts
from hyperhost.cli.registry_options import NamespaceOption, pairs
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "create")
    def create(
        session: Session,
        file: drafts.FileArgument = None,
        name: drafts.NameOption = None,
        kind: drafts.KindOption = None,
        version: drafts.NewVersionOption = None,
        description: drafts.DescriptionOption = None,
        licenses: drafts.LicenseOption = None,
        labels: drafts.LabelOption = None,
        annotations: drafts.AnnotationOption = None,
        content: drafts.ContentOption = None,
        manifest: drafts.ManifestOption = None,
        visibility: drafts.VisibilityOption = None,
        algorithm: drafts.HashOption = "sha256",
        namespace: NamespaceOption = None,
    ) -> None:
        """Create an artifact as a draft, from a file, from options, or from both; options win."""
        from hyperhost.cli.artifact.show import tell
        from hyperhost.cli.door import coordinates, door
        from hyperhost.cli.draftfile import read_document
        from hyperhost.cli.registry_rows import changed_row

        metadata = {"description": description, "licenses": licenses}
        given = {
            "name": name,
            "type": kind,
            "version": version,
            "metadata": {key: value for key, value in metadata.items() if value is not None},
            "labels": pairs(labels, "--label"),
            "annotations": pairs(annotations, "--annotation"),
            "content": content,
            "manifest": read_document(manifest) if manifest is not None else None,
            "visibility": visibility,
        }
        with door(session, changes=True) as operations:
            draft = drafts.draft_of(session, file, namespace, given)
            drafts.send_content(session, operations, draft, algorithm)
            changed = operations.run("create", draft=draft)
        tell(session, changed_row(changed), f"created {coordinates(changed['artifact'])}, a draft")
