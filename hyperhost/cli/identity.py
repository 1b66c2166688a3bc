"""``hyperhost whoami``, ``login`` and ``logout``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperhost.cli.passwords import PasswordFileOption
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.contracts import Principal
    from hyperhost.host.host import Host

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "whoami")(_whoami)
    command(app, "login")(_login)
    command(app, "logout")(_logout)


def _whoami(session: Session) -> None:
    """Say on whose behalf commands run, by what, and with which roles."""
    from hyperhost.cli.door import door

    with door(session, changes=False) as operations:
        found = operations.run("whoami")
    session.out.record(found)


def _login(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Name of the user.")] = "",
    oidc: Annotated[
        str | None,
        typer.Option("--oidc", metavar="PROVIDER", help="Log in with a provider of OpenID Connect."),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the provider's page in a browser.")
    ] = True,
    password_file: PasswordFileOption = None,
) -> None:
    """Log in: the following commands run on behalf of that user, until logout or until the session ends."""
    from hyperhost.cli.door import check_registry
    from hyperhost.cli.moments import moment_text
    from hyperhost.cli.passwords import asked_password
    from hyperhost.cli.principal import forget_session, keep_session, kept_session
    from hyperhost.errors import HyperHostError
    from hyperhost.host.operations import Operations

    if bool(name) == (oidc is not None):
        raise typer.BadParameter("give a name, or --oidc PROVIDER")
    check_registry(session)
    password = asked_password(session, password_file, f"Password of {name}") if name else ""
    with session.host() as host:
        who = (
            _by_oidc(session, host, oidc, browser) if oidc is not None else _by_password(host, name, password)
        )
        made: dict[str, Any] = Operations(host, who).run("session_create")
        try:
            before = kept_session(session)
            if before is not None:
                _end(host, before)
        except HyperHostError:
            forget_session(session)  # it does not hold any more, or cannot be read
        keep_session(session, made)
    until = moment_text(made["session"]["expires_at_us"])
    if session.out.structured:
        session.out.data({"principal": made["session"]["principal"], "expires_at": until})
    else:
        session.out.note(f"logged in as {made['session']['principal']} until {until} at most")


def _logout(session: Session) -> None:
    """End the session; the following commands run on behalf of the owner of the home."""
    from hyperhost.cli.principal import forget_session, kept_session
    from hyperhost.errors import HyperHostError

    principal = None
    try:
        kept = kept_session(session)
        if kept is not None:
            principal = kept.get("principal")
            with session.host() as host:
                _end(host, kept)
    except HyperHostError as error:
        if not session.home.exists:
            raise
        session.out.warn(f"the session could not be ended where it is kept: {error.message}")
    forget_session(session)
    if session.out.structured:
        session.out.data({"principal": principal})
    else:
        session.out.note("logged out" if principal else "nobody was logged in")


def _by_password(host: Host, name: str, password: str) -> Principal:
    from hyperhost.cli.principal import seen
    from hyperhost.contracts import Credential, CredentialKind
    from hyperhost.host.entrance import authenticate

    return authenticate(host, Credential(CredentialKind.PASSWORD, password, name, attributes=seen()))


def _by_oidc(session: Session, host: Host, provider: str, browser: bool) -> Principal:
    from hyperhost.cli.loopback import Listener
    from hyperhost.cli.principal import seen
    from hyperhost.contracts import Credential, CredentialKind
    from hyperhost.host.entrance import authenticate, start_login

    with Listener() as listener:
        start = start_login(host, provider, listener.address)
        if browser and session.asks:
            import webbrowser

            webbrowser.open(start.url)
        session.out.note(f"log in at {start.url}")
        query = listener.wait()
    return authenticate(host, Credential(CredentialKind.OIDC, query, start.flow, attributes=seen()))


def _end(host: Host, kept: dict[str, Any]) -> None:
    """End a session where it is kept."""
    from hyperhost.cli.principal import seen
    from hyperhost.host.entrance import authenticate, credential_of
    from hyperhost.host.operations import Operations

    who = authenticate(host, credential_of(kept["secret"], seen()))
    Operations(host, who).run("session_revoke", session=who.attributes["session"])
