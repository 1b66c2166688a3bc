"""On whose behalf commands run: a token that was given, else the session of this home, else its owner.

A token or session that does not hold is an error: a command never runs as the owner instead.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

from hyperhost.cli.session import TOKEN_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

    from hyperhost.cli.session import Session
    from hyperhost.contracts import Principal
    from hyperhost.host.host import Host

__all__ = ["caller", "forget_session", "keep_session", "kept_session", "seen"]

_MAX_BYTES: Final = 64 << 10


def caller(session: Session, host: Host) -> Principal:
    """On whose behalf the command runs.

    Raises:
        AuthenticationError: the token or session does not hold.
        HomeError: the file of the session is damaged, or others may read it.
    """
    from hyperhost.errors import AuthenticationError
    from hyperhost.host.operations import LOCAL_OWNER

    token = os.environ.get(TOKEN_VARIABLE) if session.login_token is None else session.login_token
    if token is not None and not token.strip():  # what a script could not read must not make it the owner
        raise AuthenticationError("the token is empty", hint=f"give one, or unset {TOKEN_VARIABLE}")
    kept = {} if token else kept_session(session)
    if kept is None:
        return LOCAL_OWNER
    from hyperhost.host.entrance import authenticate, credential_of

    try:
        return authenticate(host, credential_of(token or kept["secret"], seen()))
    except AuthenticationError as error:
        if kept:
            error.hint = "log in anew: hyperhost login NAME; or go on as the owner: hyperhost logout"
        raise


def seen() -> dict[str, str]:
    """What this front end sees of whoever asks; there is no address."""
    import hyperhost

    return {"user_agent": f"hyperhost-cli/{hyperhost.__version__}"}


def kept_session(session: Session) -> dict[str, Any] | None:
    """What ``login`` wrote down; ``None`` when nobody is logged in.

    Raises:
        HomeError: it is damaged, or others may read it.
    """
    from hyperhost.errors import HomeError

    path = _path(session)
    try:
        with path.open("rb") as file:
            mode, text = os.fstat(file.fileno()).st_mode, file.read(_MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HomeError(
            f"{path} cannot be read: {error.strerror or error}", hint="hyperhost logout"
        ) from error
    if mode & 0o077:
        raise HomeError(f"{path} may be read by others than its owner", hint=f"chmod 600 {path}")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("secret"), str):
        raise HomeError(f"{path} is damaged", hint="log in anew: hyperhost login NAME; or: hyperhost logout")
    return found


def keep_session(session: Session, made: dict[str, Any]) -> None:
    """Write down a session that was just made.

    Raises:
        StorageError: it cannot be written.
    """
    from hyperhost.host.contents import replacing

    kept = {"secret": made["secret"], "id": made["session"]["id"], "principal": made["session"]["principal"]}
    with replacing(_path(session), 0o600) as file:
        file.write(json.dumps(kept).encode("utf-8"))


def forget_session(session: Session) -> None:
    """Remove what ``login`` wrote down."""
    _path(session).unlink(missing_ok=True)


def _path(session: Session) -> Path:
    return session.home.path / "session.json"
