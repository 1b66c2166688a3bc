"""``hyperhost registry diff``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hyperhost.cli.registry_options import NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]


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


def _words(field: dict[str, Any]) -> str:
    import json

    before, after = (json.dumps(field[key], ensure_ascii=False) for key in ("before", "after"))
    return f"{field['path']}: {before} is now {after}"
