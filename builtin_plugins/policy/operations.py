"""The operations on policies; the work is done by the desk."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hyperhost.contracts import OperationCall
from hyperhost.offering import Asked, OperationTable, operation

from .answers import Row, Shown, Tried

if TYPE_CHECKING:
    from pluggy import HookRelay

    from .desk import Desk

__all__ = ["Work", "policy_add", "policy_list", "policy_remove", "policy_show", "policy_test", "table"]


class Work(Asked):
    """One call.

    Args:
        call: What is asked.
        hook: The host's hooks.
        desk: What does the work.
    """

    def __init__(self, call: OperationCall, hook: HookRelay, desk: Desk) -> None:
        super().__init__(call, hook)
        self.desk = desk


@operation(group="policy", permission="policy:read")
def policy_list(work: Work) -> list[Row]:
    """List the policies that hold, and those that are broken."""
    return work.desk.rows()


@operation(group="policy", permission="policy:read")
def policy_show(work: Work, name: str) -> Shown:
    """Show one policy, its rules and what judges them."""
    return work.desk.show(name)


@operation(group="policy", permission="policy:manage", changes=True)
def policy_add(work: Work, text: str, replace: bool = False) -> Row:
    """Add a policy to the home, written as TOML, or replace one."""
    row = work.desk.add(text, replace=replace)
    work.about(row.name, enforcement=row.enforcement, rules=row.rules)
    return row


@operation(group="policy", permission="policy:manage", changes=True)
def policy_remove(work: Work, name: str) -> bool:
    """Remove a policy from the home."""
    work.about(name[:100])
    return work.desk.remove(name)


@operation(group="policy", permission="policy:test", reads_private=True)
def policy_test(
    work: Work,
    artifact: str,
    text: str = "",
    name: str = "",
    operation: str = "publish",
    user: str = "",
    roles: list[str] | None = None,
) -> Tried:
    """Say of every rule of a policy whether it matches an artifact, and why.

    The policy is written as TOML, and nothing is kept of it; or it is one that holds, by its name. What is
    tried is an operation, by who asks or by somebody else.
    """
    tried, work.private = work.desk.test(work.call, artifact, text, name, operation, user, roles or [])
    work.about(tried.artifact, tried.artifact.partition("/")[0])
    return tried


@cache
def table() -> OperationTable:
    """The table of all of them."""
    return OperationTable([policy_list, policy_show, policy_add, policy_remove, policy_test])
