"""What commands on tokens have in common."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

__all__ = [
    "AllowOption",
    "AudienceOption",
    "DepthOption",
    "ExpiresOption",
    "FromOption",
    "IpOption",
    "NamespacesOption",
    "ResourcesOption",
    "TokenArgument",
    "UserAgentOption",
    "limits_of",
    "token_of",
]

TokenArgument = Annotated[
    str,
    typer.Argument(
        metavar="TOKEN", help="The token; '-' reads it from the input, where others do not see it."
    ),
]
AllowOption = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="PERMISSION", help="As in artifact:read or artifact:*; may be repeated."),
]
NamespacesOption = Annotated[
    list[str] | None,
    typer.Option("--in", metavar="NAMESPACE", help="There and below only; may be repeated."),
]
ResourcesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--on", metavar="ARTIFACT", help="These only: an id, NAMESPACE/NAME, NAMESPACE/NAME@VERSION."
    ),
]
AudienceOption = Annotated[str, typer.Option("--audience", help="Whom it has to be shown to.")]
ExpiresOption = Annotated[str | None, typer.Option("--expires", metavar="TIME", help="Until when it holds.")]
FromOption = Annotated[
    str | None, typer.Option("--not-before", metavar="TIME", help="From when on it holds.")
]
IpOption = Annotated[
    list[str] | None, typer.Option("--ip", metavar="NETWORK", help="From there only, as in 10.0.0.0/8.")
]
UserAgentOption = Annotated[
    str, typer.Option("--user-agent", help="What the name of the program that uses it begins with.")
]
DepthOption = Annotated[
    int | None, typer.Option("--depth", min=0, max=16, help="How often it may be narrowed down from here on.")
]


def limits_of(
    allow: list[str] | None,
    namespaces: list[str] | None,
    resources: list[str] | None,
    audience: str,
    start: str | None,
    expires: str | None,
    ip: list[str] | None,
    user_agent: str,
) -> dict[str, Any]:
    """Where and when a token holds, as operations take it."""
    from hyperhost.cli.moments import moment_us

    return {
        "allow": allow or [],
        "namespaces": namespaces or [],
        "resources": resources or [],
        "audience": audience,
        "not_before_us": moment_us(start) if start is not None else None,
        "expires_at_us": moment_us(expires) if expires is not None else None,
        "ip": ip or [],
        "user_agent": user_agent,
    }


def token_of(text: str) -> str:
    """A token as it was given; ``-`` reads it from the input."""
    return sys.stdin.readline().strip() if text == "-" else text
