"""What ``artifact create``, ``update`` and the checks send: from a file, from options, options winning."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hyperhost.cli.session import Session
    from hyperhost.host.operations import Operations

__all__ = [
    "AnnotationOption",
    "ContentOption",
    "DescriptionOption",
    "FileArgument",
    "HashOption",
    "KindOption",
    "LabelOption",
    "LicenseOption",
    "ManifestOption",
    "NameOption",
    "NewVersionOption",
    "VisibilityOption",
    "draft_of",
    "from_file",
    "send_content",
]

FileArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE", help="YAML, JSON or TOML with what it is; - reads YAML or JSON from standard input."
    ),
]
NameOption = Annotated[str | None, typer.Option(help="Name in kebab-case, or NAMESPACE/NAME.")]
KindOption = Annotated[
    str | None, typer.Option("--type", help="plugin, service, config, template, library or theme.")
]
NewVersionOption = Annotated[str | None, typer.Option(help="SemVer, as in 1.0.0.")]
DescriptionOption = Annotated[str | None, typer.Option(help="What it is, one paragraph.")]
LicenseOption = Annotated[
    list[str] | None, typer.Option("--license", help="SPDX expression; may be repeated.")
]
LabelOption = Annotated[
    list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="A label; may be repeated.")
]
AnnotationOption = Annotated[
    list[str] | None,
    typer.Option("--annotation", metavar="KEY=VALUE", help="An annotation; may be repeated."),
]
ContentOption = Annotated[
    Path | None, typer.Option(metavar="PATH", help="File with the bytes that it holds; - is standard input.")
]
ManifestOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="YAML, JSON or TOML with the manifest of its type.")
]
VisibilityOption = Annotated[str | None, typer.Option(help="public, private or internal.")]
HashOption = Annotated[str, typer.Option("--hash", help="What the content is known by: sha256 or sha3-512.")]


def draft_of(
    session: Session, file: Path | None, namespace: str | None, given: dict[str, Any]
) -> dict[str, Any]:
    """The draft that a file and options describe; ``content`` in it is still a path.

    Args:
        session: For the default namespace.
        file: With keys as the fields of a draft.
        namespace: As given with ``--namespace``.
        given: Options by field of the draft; ``None`` where not given.

    Raises:
        InvalidInputError: the file is wrong, or nothing says the namespace, name, type or version.
    """
    from hyperhost.cli.door import default_namespace
    from hyperhost.errors import InvalidInputError

    draft = from_file(file) if file is not None else {}
    for key in ("labels", "annotations", "metadata"):
        if given.get(key) and isinstance(draft.get(key, {}), dict):
            draft[key] = {**draft.get(key, {}), **given[key]}
    for key in ("name", "type", "version", "visibility", "content", "manifest"):
        if given.get(key) is not None:
            draft[key] = given[key]
    if str(draft.get("content")) == "-" == str(file):
        error = InvalidInputError(
            "both the draft and its content are to be standard input", hint="use a file"
        )
        error.field, error.rule = "content", "either"
        raise error
    path, slash, short = str(draft.get("name", "")).partition("/")
    if slash:
        draft |= {"namespace": path, "name": short}
    elif namespace or "namespace" not in draft:
        draft["namespace"] = default_namespace(session, namespace)
    for key in ("name", "type", "version"):
        if key not in draft:
            error = InvalidInputError(
                f"nothing says the {key} of the artifact", hint=f"add --{key}, or {key} in the file"
            )
            error.field, error.rule = f"draft.{key}", "missing"
            raise error
    return draft


def from_file(file: Path) -> dict[str, Any]:
    """The mapping in a file; a content that it names is looked for beside it.

    Raises:
        InvalidInputError: it cannot be read, or holds something else.
    """
    from hyperhost.cli.draftfile import read_document
    from hyperhost.errors import InvalidInputError

    found = read_document(file)
    if not isinstance(found, dict):
        error = InvalidInputError(
            f"{file} holds no mapping", hint="write name, type, version and what else it is"
        )
        error.field, error.rule = "file", "object"
        raise error
    content = found.get("content")
    if isinstance(content, str) and str(file) != "-":
        found["content"] = file.parent / content  # beside the file that names it
    return found


def send_content(session: Session, operations: Operations, draft: dict[str, Any], algorithm: str) -> None:
    """Upload the content of a draft, and put its hash where the path was.

    Raises:
        InvalidInputError: the file cannot be read, or is no regular one: a device may never end.
        StorageError: the store cannot take it.
    """
    from hyperhost.errors import InvalidInputError
    from hyperhost.host.contents import upload

    content = draft.pop("content", None)
    if content is None:
        return
    if str(content) == "-":
        with session.out.bar("uploading standard input", 0) as progress:
            draft["content_hash"] = upload(operations, sys.stdin.buffer, algorithm, progress)
        return
    path = Path(str(content))
    try:
        if path.exists() and not path.is_file():
            raised = InvalidInputError(
                f"content {path} is no regular file", hint="name a file, or - for standard input"
            )
            raised.field, raised.rule = "content", "file"
            raise raised
        with path.open("rb") as source:
            size = path.stat().st_size
            with session.out.bar(f"uploading {path.name}", size) as progress:
                draft["content_hash"] = upload(operations, source, algorithm, progress)
    except OSError as error:
        raised = InvalidInputError(
            f"content {path} cannot be read: {error.strerror or error}", hint="check the path"
        )
        raised.field, raised.rule = "content", "file"
        raise raised from error
