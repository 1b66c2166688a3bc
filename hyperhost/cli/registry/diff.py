"""``hyperhost registry diff``."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from hyperhost.cli.output import Column, Form
from hyperhost.cli.registry_options import NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_COLUMNS: Final = tuple(map(Column, ("change", "artifact", "path", "before", "after")))


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "diff")
    def diff(
        session: Session,
        start: Annotated[str, typer.Argument(metavar="FROM", help="2026-01-31, or '2 hours ago'.")],
        end: Annotated[str, typer.Argument(metavar="TO", help="A later moment; now when not given.")] = "",
        namespace: NamespaceOption = None,
        artifact: Annotated[str, typer.Option(help="Only this artifact.")] = "",
    ) -> None:
        """Show what changed between two times: what came, what went, which fields differ."""
        from hyperhost.cli.door import door, full
        from hyperhost.cli.moments import moment_text, moment_us

        asked: dict[str, Any] = {"start_us": moment_us(start)}
        if end:
            asked["end_us"] = moment_us(end)
        if artifact:
            asked["artifact"] = full(session, artifact, namespace)
        elif namespace:
            asked["namespace"] = namespace
        with door(session, changes=False) as operations:
            found = _all(operations, asked)
        if session.out.structured:
            times = {key: moment_text(found.pop(f"{key}_us")) for key in ("start", "end")}
            session.out.data({**times, **found})
            return
        if session.out.form is Form.csv:
            session.out.rows(_COLUMNS, _flat(found))
            return
        lines = [f"+ {each}" for each in found["added"]] + [f"- {each}" for each in found["removed"]]
        lines += [f"  {_words(field)}" for field in found["namespace"]]
        for each in found["changed"]:
            lines += [f"~ {each['artifact']}", *(f"    {_words(field)}" for field in each["fields"])]
        session.out.text("".join(f"{line}\n" for line in lines))
        if not lines:
            session.out.note("nothing differs")


def _all(operations: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """All pages as one."""
    found: dict[str, Any] = {}
    token = ""
    while True:
        page = operations.run("diff", **asked, page={"size": 1000, "token": token})
        token = page.pop("next_token")
        if not found:
            asked["end_us"] = page["end_us"]
            found = page
        else:
            for key in ("added", "removed", "changed"):
                found[key] += page[key]
        if not token:
            return found


def _flat(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Each thing that differs as a row."""
    rows = [{"change": kind, "artifact": each} for kind in ("added", "removed") for each in found[kind]]
    rows += [{"change": "namespace", **field} for field in found["namespace"]]
    for each in found["changed"]:
        rows += [{"change": "changed", "artifact": each["artifact"], **field} for field in each["fields"]]
    return rows


def _words(field: dict[str, Any]) -> str:
    import json

    from hyperhost.cli.registry_rows import moments

    before, after = (
        "nothing" if value is None else json.dumps(moments(value), ensure_ascii=False)
        for value in (field["before"], field["after"])
    )
    return f"{field['path']}: {before} is now {after}"
