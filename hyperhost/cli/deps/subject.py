"""What a command is about: the project of a directory with its lock, or an artifact of the registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperhost.cli.complete_registry import artifact_names

if TYPE_CHECKING:
    from hyperhost.cli.session import Session

__all__ = [
    "LOCK",
    "PROJECT",
    "DirectoryOption",
    "DevOption",
    "OptionalOption",
    "StrategyOption",
    "SubjectArgument",
    "read_text",
    "subject_of",
    "write_text",
]

PROJECT = "hyperhost.deps.toml"
LOCK = "hyperhost.lock"

SubjectArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[ARTIFACT]",
        help="NAMESPACE/NAME or NAMESPACE/NAME@CONSTRAINT; the project of the directory when not given.",
        autocompletion=artifact_names,
    ),
]
DirectoryOption = Annotated[
    Path, typer.Option("--directory", "-C", metavar="PATH", help=f"Where {PROJECT} and {LOCK} are.")
]
StrategyOption = Annotated[
    str,
    typer.Option(
        "--strategy", help="highest, lowest, newest, most-downloaded, manual, or one that a plugin brings."
    ),
]
DevOption = Annotated[bool, typer.Option("--no-dev", help="Without what is needed for development only.")]
OptionalOption = Annotated[bool, typer.Option("--optional", help="Try what is optional, too.")]


def subject_of(
    session: Session,
    artifact: str | None,
    directory: Path,
    *,
    strategy: str = "",
    no_dev: bool = False,
    optional: bool = False,
    upgrade: list[str] | None = None,
) -> dict[str, Any]:
    """The argument ``subject`` of the operations.

    Raises:
        HomeError: there is no project in the directory, or a file cannot be read.
    """
    from hyperhost.cli.door import full
    from hyperhost.errors import HomeError

    found: dict[str, Any] = {"strategy": strategy, "dev": not no_dev, "optional": optional}
    if artifact:
        return found | {"artifact": full(session, artifact, None)}
    project = read_text(directory / PROJECT)
    if project is None:
        raise HomeError(
            f"there is no {PROJECT} in {directory}",
            hint="make one with 'hyperhost deps add NAMESPACE/NAME', or name an artifact",
        )
    lock = read_text(directory / LOCK) or ""
    return found | {"project": project, "lock": lock, "upgrade": upgrade or []}


def read_text(path: Path) -> str | None:
    """The text of a file; ``None`` when there is none.

    Raises:
        HomeError: it cannot be read.
    """
    from hyperhost.errors import HomeError

    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, UnicodeDecodeError):
            words = f"byte {error.start} is not UTF-8"
            hint = "restore it from version control, or write it as UTF-8"
        else:
            words, hint = error.strerror or str(error), "check its permissions"
        raise HomeError(f"{path} cannot be read: {words}", hint=hint) from error


def write_text(path: Path, text: str) -> None:
    """Replace a file as a whole: written beside it, then renamed.

    Raises:
        HomeError: it cannot be written; what was there is as it was.
    """
    import os
    import secrets

    from hyperhost.errors import HomeError

    beside = path.with_name(f".{path.name}-{secrets.token_hex(4)}.part")
    try:
        try:
            with beside.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                beside.chmod(path.stat().st_mode & 0o777)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise HomeError(
            f"{path} cannot be written: {error.strerror or error}", hint="check the directory's permissions"
        ) from error
