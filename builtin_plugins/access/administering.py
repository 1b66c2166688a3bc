"""Operations on roles: nobody hands out what they do not have themselves."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final

from hyperhost.errors import RefusalError
from hyperhost.offering import invalid, missing, operation

from .deciding import is_trusted
from .desk import Desk
from .narrowing import PATH, PERMISSION
from .passing import behind, check_passing, check_takes_away
from .roles import BUILT_IN, MAX_DEPTH, Role, rules_of
from .rules import Rule
from .store import Assignment

__all__ = ["ShownRole"]

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_PRINCIPAL: Final = re.compile(r"[a-z][a-z-]*:[\x21-\x7e]{1,200}")
_HOURS: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class ShownRole:
    """A role with all that it comes to.

    Attributes:
        role: The role as it was written.
        rules: Its rules and those that it inherits.
    """

    role: Role
    rules: list[Rule] = field(default_factory=list)


@operation(group="access", permission="role:read")
def role_list(desk: Desk) -> list[Role]:
    """List roles, the five that every registry has first."""
    return list(desk.decider.roles().values())


@operation(group="access", permission="role:read")
def role_show(desk: Desk, name: str) -> ShownRole:
    """Show a role with the rules that it inherits."""
    desk.about(f"role:{name[:80]}")
    return ShownRole(_there(desk, name), [rule for _, rule in rules_of(name, desk.decider.roles())])


@operation(group="access", permission="role:manage", changes=True)
def role_create(
    desk: Desk,
    name: str,
    rules: list[Rule] | None = None,
    inherits: list[str] | None = None,
    description: str = "",
    replace: bool = False,
) -> Role:
    """Create a role, or replace one."""
    if len(name) > 63 or not _NAME.fullmatch(name):
        raise invalid(
            "name", "kebab-case", f"{name[:80]!r} is no name", "in kebab-case, as in 'release-manager'"
        )
    desk.about(f"role:{name}", rules=len(rules or []), inherits=inherits or [])
    if name in BUILT_IN:
        raise invalid(
            "name", "built-in", f"every registry has {name}, and nobody changes it", "choose another"
        )
    if len(description) > 1_000:
        raise invalid("description", "length", "it is too long", "1,000 characters at most")
    role = Role(
        name, description, inherits or [], [_checked(rule, index) for index, rule in enumerate(rules or [])]
    )
    _check_inheritance(role, desk.decider.roles())
    before = desk.decider.roles().get(name) if replace else None
    if before is None:  # what it denies is nobody's loss before somebody gets it
        allows = [rule for rule in role.rules if rule.effect == "allow"]
        check_passing(desk, dataclasses.replace(role, rules=allows))
    else:
        check_takes_away(desk, before, role)
    try:
        desk.store.put_role(role, replace=replace)
    except RefusalError as refusal:
        if refusal.rule == "storage.exists":
            raise RefusalError(
                f"the role {name} exists already", "conflict:name", hint="replace it, or choose another name"
            ) from None
        raise _no_role(name) if refusal.rule == "storage.missing" else refusal from None
    return role


@operation(group="access", permission="role:manage", changes=True)
def role_delete(desk: Desk, name: str) -> bool:
    """Delete a role; whoever had it has it no more."""
    desk.about(f"role:{name[:80]}")
    role = _there(desk, name)
    if role.built_in:
        raise invalid("name", "built-in", f"every registry has {name}", "take it from those who have it")
    heirs = [role.name for role in desk.decider.roles().values() if name in role.inherits]
    if heirs:
        raise RefusalError(
            f"{', '.join(heirs)} inherit from {name}", "state:inherits", hint="change them first"
        )
    check_passing(desk, role)
    for held in desk.store.assignments():
        if held.role == name:
            _take(desk, held)
    return desk.store.drop_role(name)


@operation(group="access", permission="role:assign", changes=True)
def role_assign(
    desk: Desk, principal: str, role: str, namespace: str = "", expires_at_us: int | None = None
) -> Assignment:
    """Give somebody a role, in the whole registry or in a namespace and below it."""
    desk.about(f"{principal[:200]}", namespace, role=role)
    _check_principal(principal)
    found = _there(desk, role)
    _check_path(namespace, "namespace")
    if expires_at_us is not None and expires_at_us <= desk.at_us:
        raise invalid("expires_at_us", "past", "that moment has passed", "choose a later one")
    if not is_trusted(desk.principal):
        if principal in (desk.principal.id, behind(desk).id):
            raise RefusalError(
                f"{principal} cannot give a role to themselves",
                "denied:role/assign:self",
                hint="another administrator can",
            )
        check_passing(desk, found, namespace, expires_at_us)
    given = Assignment(principal, role, namespace, desk.principal.id, desk.at_us, expires_at_us)
    held = [
        each for each in desk.store.assigned(principal) if (each.role, each.namespace) != (role, namespace)
    ]
    if len(held) >= _MOST:
        raise invalid("role", "count", f"{principal} has {len(held)} roles", f"the most is {_MOST}")
    desk.store.put_assigned(principal, [*held, given])
    return given


@operation(group="access", permission="role:assign", changes=True)
def role_unassign(desk: Desk, principal: str, role: str, namespace: str = "") -> bool:
    """Take a role from somebody; one that they have by their login stays."""
    desk.about(f"{principal[:200]}", namespace, role=role)
    for held in desk.store.assigned(principal):
        if (held.role, held.namespace) == (role, namespace):
            gone = desk.decider.roles().get(role, Role(role))
            check_passing(desk, gone, namespace, held.expires_at_us)
            _take(desk, held)
            return True
    place = f" in {namespace}" if namespace else ""
    raise missing("assignment", f"{principal[:200]} was not given the role {role[:80]}{place}")


@operation(group="access", permission="role:assign")
def role_assignments(desk: Desk, principal: str = "", role: str = "") -> list[Assignment]:
    """List who was given which role, where and by whom."""
    found = desk.store.assigned(principal) if principal else desk.store.assignments()
    return [each for each in found if role in ("", each.role)]


def _take(desk: Desk, held: Assignment) -> None:
    left = [each for each in desk.store.assigned(held.principal) if each != held]
    desk.store.put_assigned(held.principal, left)


def _there(desk: Desk, name: str) -> Role:
    found = desk.decider.roles().get(name)
    if found is None:
        raise _no_role(name)
    return found


def _no_role(name: str) -> RefusalError:
    return missing("role", f"there is no role {name[:80]!r}", "see them with: hyperhost role list")


def _check_inheritance(role: Role, known: dict[str, Role]) -> None:
    after = {**known, role.name: role}
    for index, name in enumerate(role.inherits):
        if name not in after:
            raise invalid(f"inherits[{index}]", "missing", f"there is no role {name[:80]!r}")
    line = [role.name]

    def walk(name: str) -> None:
        if len(line) > MAX_DEPTH:
            raise invalid("inherits", "depth", f"more than {MAX_DEPTH} roles inherit in one line")
        for each in after[name].inherits if name in after else ():
            if each in line:
                raise invalid("inherits", "cycle", f"roles inherit in a circle: {' → '.join([*line, each])}")
            line.append(each)
            walk(each)
            line.pop()

    walk(role.name)


def _checked(rule: Rule, index: int) -> Rule:
    """A rule of which every part can be judged."""
    place = f"rules[{index}]"
    if not rule.permissions:
        raise invalid(
            f"{place}.permissions", "missing", "a rule is about a permission", "as in 'artifact:read'"
        )
    for number, permission in enumerate(rule.permissions):
        if len(permission) > 100 or not PERMISSION.fullmatch(permission):
            raise invalid(
                f"{place}.permissions[{number}]",
                "permission",
                f"{permission[:80]!r} is no permission",
                "write it as in 'artifact:create', 'artifact:*' or '*'",
            )
    for number, path in enumerate(rule.namespaces):
        _check_path(path, f"{place}.namespaces[{number}]", empty=False)
    for number, network in enumerate(rule.ip):
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise invalid(f"{place}.ip[{number}]", "network", f"{network[:80]!r} is no network") from None
    if rule.hours and not _HOURS.fullmatch(rule.hours):
        raise invalid(
            f"{place}.hours", "hours", f"{rule.hours[:80]!r} are no hours", "as in '08:00-18:00', in UTC"
        )
    for number, day in enumerate(rule.days):
        if day not in _DAYS:
            raise invalid(f"{place}.days[{number}]", "day", f"{day[:80]!r} is no day", ", ".join(_DAYS))
    if any(not each for each in rule.user_agent):
        raise invalid(f"{place}.user_agent", "missing", "the beginning of every name is no condition")
    return dataclasses.replace(rule)


def _check_path(path: str, field_name: str, *, empty: bool = True) -> None:
    if (not path and empty) or (len(path) <= 255 and PATH.fullmatch(path)):
        return
    raise invalid(
        field_name,
        "path",
        f"{path[:80]!r} is no namespace",
        "lower case letters, digits and hyphens between dots",
    )


def _check_principal(principal: str) -> None:
    if not _PRINCIPAL.fullmatch(principal):
        raise invalid(
            "principal", "form", f"{principal[:80]!r} is no id of a principal", "as in 'user:alice'"
        )
    if principal.startswith(("local:", "system:", "token:")):
        raise invalid("principal", "kind", f"{principal[:80]} cannot be given a role", "give it to a user")
