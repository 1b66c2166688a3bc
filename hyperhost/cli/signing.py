"""``hyperhost sign`` and ``verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hyperhost.cli.output import Column
from hyperhost.cli.registry_options import ArtifactArgument, NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_COLUMNS: Final = (
    Column("signer"),
    Column("key"),
    Column("valid"),
    Column("counted"),
    Column("reason"),
    Column("signed_at", "SIGNED (CLAIMED)", wide=True),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "sign")(_sign)
    command(app, "verify")(_verify)


def _sign(
    session: Session,
    artifact: ArtifactArgument,
    key: Annotated[
        str, typer.Option(metavar="KEY", help="Key to sign with; not needed when only one can.")
    ] = "",
    bundle: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Add the signatures of a bundle made elsewhere.")
    ] = None,
    attest: Annotated[bool, typer.Option("--attest", help="Attest it with the registry's own key.")] = False,
    namespace: NamespaceOption = None,
) -> None:
    """Sign an artifact: what it is, its content, metadata and dependencies."""
    from hyperhost.cli.artifact.show import tell
    from hyperhost.cli.door import coordinates, door, full
    from hyperhost.cli.keys.passphrase import unlocking
    from hyperhost.cli.registry_rows import changed_row

    reference = full(session, artifact, namespace)
    arguments: dict[str, Any] = {"key": key, "role": "registry" if attest else "publisher"}
    if bundle is not None:
        arguments["bundle"] = _text(bundle)
    else:
        unlocking(session)
    with door(session, changes=True) as operations:
        changed = operations.run("sign", artifact=reference, **arguments)
    found = changed["artifact"]
    count = len(found["signatures"])
    words = f"{coordinates(found)} has {count} signature{'s' if count != 1 else ''}"
    tell(session, changed_row(changed), words)


def _verify(
    session: Session,
    artifact: ArtifactArgument,
    bundle: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write its signatures there as a bundle.")
    ] = None,
    namespace: NamespaceOption = None,
) -> None:
    """Say what every signature of an artifact is worth; status 1 when they are not enough."""
    from hyperhost.cli.door import door, full
    from hyperhost.cli.moments import moment_text
    from hyperhost.host.contents import replacing

    reference = full(session, artifact, namespace)
    with door(session, changes=False) as operations:
        found = operations.run("verify", artifact=reference)
        if bundle is not None:
            document = operations.run("bundle", artifact=reference)
            with replacing(bundle, 0o644) as target:
                target.write(document.encode("utf-8"))
    rows = [
        {
            "signer": each["signer"],
            "key": each["key_id"],
            "algorithm": each["algorithm"],
            "valid": each["valid"],
            "counted": each["counted"],
            "reason": each["reason"],
            "signed_at": moment_text(each["signed_at_us"]),
        }
        for each in found["signatures"]
    ]
    if session.out.structured:
        session.out.data({**found, "signatures": rows})
    else:
        session.out.rows(_COLUMNS, rows)
        session.out.note(_words(found))
    if not found["met"]:
        raise typer.Exit(1)


def _words(found: dict[str, Any]) -> str:
    rule = f"{found['namespace']} needs" if found["namespace"] else "no namespace rule; it takes"
    attested = "; attested by the registry" if found["attested"] else ""
    verdict = "is signed" if found["met"] else "is NOT signed as it has to be"
    return f"{found['artifact']} {verdict}: {found['counted']} counted, {rule} {found['threshold']}{attested}"


def _text(path: Path) -> str:
    from hyperhost.errors import InvalidInputError

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}",
            hint="give what 'verify --bundle' wrote",
        ) from error
