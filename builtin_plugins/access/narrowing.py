"""Where and when a token holds, as the checks that say so in its block."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from hyperhost.offering import invalid

from .biscuit import library

__all__ = ["PATH", "PERMISSION", "Narrowed", "checks_of", "is_ours", "networks_of"]

PERMISSION: Final = re.compile(r"\*|[a-z]+(?:-[a-z]+)*:(?:\*|[a-z]+(?:-[a-z]+)*)")
PATH: Final = re.compile(r"[a-z0-9@+_*-]+(?:\.[a-z0-9@+_*-]+)*")
"""What a pattern of namespaces may look like: nothing that only looks like a letter of one."""
_TEXT: Final = re.compile(r"[A-Za-z0-9 ._:/@+*~-]{1,300}")
"""What texts in a token may be made of: nothing that could end a text or begin a rule."""
_TEXTS: Final = r'\{"[A-Za-z0-9 ._:/@+*~-]+"(?:, "[A-Za-z0-9 ._:/@+*~-]+")*\}'
_MOMENT: Final = r"\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
_LINE: Final = re.compile(
    rf"check if (?:asked|within|resource|network)\(\$v\), {_TEXTS}\.contains\(\$v\);"
    r'|check if audience_shown\("[A-Za-z0-9 ._:/@+*~-]+"\);'
    r'|check if user_agent\(\$v\), \$v\.starts_with\("[A-Za-z0-9 ._:/@+*~-]+"\);'
    rf"|check if time\(\$t\), \$t (?:>=|<) {_MOMENT};"
    r"|check if blocks\(\$n\), \$n <= \d{1,3};"
)
_MOST: Final = 64
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Where and when a token holds. What is empty or ``None`` does not restrict.

    Attributes:
        allow: Permissions, as in ``artifact:read`` or ``artifact:*``.
        namespaces: Paths; each stands for itself and all below it.
        resources: Ids, ``namespace/name`` or ``namespace/name@version``.
        audience: Whom it has to be shown to.
        not_before_us: From when on it holds.
        expires_at_us: Until when it holds.
        ip: Addresses and networks (CIDR) that it may be used from.
        user_agent: What the name of the program that uses it begins with.
    """

    allow: list[str] = field(default_factory=list)
    namespaces: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    audience: str = ""
    not_before_us: int | None = None
    expires_at_us: int | None = None
    ip: list[str] = field(default_factory=list)
    user_agent: str = ""


def checks_of(narrowed: Narrowed) -> Any:
    """The block that says so.

    Raises:
        RefusalError: something in it is not what it has to be.
    """
    block = library().BlockBuilder()
    for name, fact, values in (
        ("allow", "asked", _checked("allow", narrowed.allow, PERMISSION)),
        ("namespaces", "within", _checked("namespaces", narrowed.namespaces, PATH)),
        ("resources", "resource", _checked("resources", narrowed.resources, _TEXT)),
        ("ip", "network", [_network(each) for each in narrowed.ip]),
    ):
        if name == "namespaces" and any("*" in each for each in values):
            raise invalid("namespaces", "pattern", "a token names its namespaces without '*'")
        if values:
            block.add_code(f"check if {fact}($v), {{values}}.contains($v)", {"values": set(values)})
    _checked("audience", [narrowed.audience] if narrowed.audience else [], _TEXT)
    _checked("user_agent", [narrowed.user_agent] if narrowed.user_agent else [], _TEXT)
    if narrowed.audience:
        block.add_code("check if audience_shown({audience})", {"audience": narrowed.audience})
    if narrowed.user_agent:
        block.add_code(
            "check if user_agent($v), $v.starts_with({beginning})", {"beginning": narrowed.user_agent}
        )
    if narrowed.not_before_us is not None:
        block.add_code("check if time($t), $t >= {at}", {"at": _moment(narrowed.not_before_us, up=True)})
    if narrowed.expires_at_us is not None:
        block.add_code("check if time($t), $t < {at}", {"at": _moment(narrowed.expires_at_us)})
    return block


def is_ours(source: str) -> bool:
    """Whether a block, as the library prints it, is made of checks as :func:`checks_of` writes them.

    Anybody who holds a token can add any block to it. A rule in one is believed by nothing, but it is
    computed, and the limits of the library are looked at only in between: a single line can take minutes.
    """
    return all(_LINE.fullmatch(line) for line in source.split("\n") if line)


def networks_of(text: str) -> list[str]:
    """Every network that an address lies in, from itself to all there is; none when it is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return []
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    size = address.max_prefixlen
    return [str(ipaddress.ip_network((address, length), strict=False)) for length in range(size + 1)]


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError as error:
        raise invalid(
            "ip", "network", f"{text[:80]!r} is no address or network", "as in 10.0.0.0/8"
        ) from error


def _checked(name: str, values: list[str], form: re.Pattern[str]) -> list[str]:
    if len(values) > _MOST:
        raise invalid(name, "count", f"there are {len(values)}", f"the most is {_MOST}")
    for index, value in enumerate(values):
        if not value or len(value) > _LONGEST or not form.fullmatch(value):
            raise invalid(f"{name}[{index}]", "form", f"{value[:80]!r} is none of those that there are")
    return values


def _moment(at_us: int, *, up: bool = False) -> datetime:
    """A moment in whole seconds; a token never holds for longer than it says."""
    if not 0 <= at_us < 253_402_300_800_000_000:
        raise invalid("expires_at_us", "range", f"{at_us} is no moment")
    return datetime.fromtimestamp(-(-at_us // 1_000_000) if up else at_us // 1_000_000, UTC)
