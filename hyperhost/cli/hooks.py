"""``hyperhost hooks``: what plugins can answer."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperhost.cli.complete import hook_names
from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command, default

if TYPE_CHECKING:
    from hyperhost.host.specs import HookInfo

__all__ = ["register"]

_COLUMNS = (
    Column("name", "HOOK"),
    Column("on_fault", "ON FAULT"),
    Column("service"),
    Column("firstresult", "FIRST RESULT", wide=True),
    Column("raises", wide=True),
    Column("wit", "WIT", wide=True),
    Column("summary"),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(pretty_exceptions_enable=False)

    @default(group)
    def list_hooks(
        session: Session,
        domain: Annotated[str | None, typer.Option(help="Hooks of one domain: storage, search …")] = None,
        filters: FilterOption = None,
    ) -> None:
        """List what plugins can answer; show one hook with: hooks show NAME."""
        rows = [_row(info) for info in _hooks(session).values()]
        domains = sorted({row["domain"] for row in rows})
        if domain is not None and domain not in domains:
            raise typer.BadParameter(f"there is no domain {domain!r}; domains are {', '.join(domains)}")
        rows = [row for row in rows if domain in (None, row["domain"])]
        session.out.rows(_COLUMNS, matching(rows, filters))

    @command(group, "show")
    def show(
        session: Session,
        name: Annotated[str, typer.Argument(help="Name of the hook.", autocompletion=hook_names)],
    ) -> None:
        """Print what one hook says, its signature in Python and in WIT, and its example."""
        hooks = _hooks(session)
        if name.replace("-", "_") not in hooks:
            raise _unknown(name, hooks)
        info = hooks[name.replace("-", "_")]
        if session.out.structured:
            session.out.data({**_row(info), "signature": _signature(info), "doc": info.doc})
            return
        facts = [f"on a fault: {info.on_fault}"]
        facts += [f"service: {info.service}"] if info.service else []
        facts += ["the first answer ends the call"] if info.firstresult else []
        facts += [f"may refuse with {info.raises.__name__}"] if info.raises else []
        session.out.text(f"{_signature(info)}\n\n{info.doc}\n\n{'; '.join(facts)}\n\nWIT\n    {_wit(info)}\n")

    app.add_typer(group, name="hooks")


def _hooks(session: Session) -> dict[str, HookInfo]:
    from hyperhost.hookspecs import KERNEL_SPECS
    from hyperhost.host.populate import import_specs
    from hyperhost.host.specs import read_specs

    found: dict[str, HookInfo] = {}
    for spec in [*KERNEL_SPECS, *import_specs(session.config.specs)]:
        own = read_specs(spec)
        order = [name for name in vars(spec) if name in own]
        found.update({name: own[name] for name in order or own})
    return found


def _row(info: HookInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "domain": info.name.partition("_")[0],
        "summary": info.summary,
        "on_fault": info.on_fault,
        "service": info.service,
        "firstresult": info.firstresult,
        "historic": info.historic,
        "raises": info.raises.__name__ if info.raises else None,
        "wit": _wit(info),
    }


def _wit(info: HookInfo) -> str:
    from hyperhost.sandbox.wit import identifier, signature

    return f"{identifier(info.wit_name)}: {signature(info.function)}"


def _signature(info: HookInfo) -> str:
    function = getattr(info.spec_class, info.name)
    text = str(inspect.signature(function)).replace("(self, ", "(").replace("(self)", "()")
    return f"{info.name}{text}".replace("'", "")


def _unknown(name: str, hooks: dict[str, HookInfo]) -> Exception:
    import difflib

    from hyperhost.errors import SpecError

    near = difflib.get_close_matches(name.replace("-", "_"), hooks, 1)
    hint = f"did you mean {near[0]!r}?" if near else "list them with: hyperhost hooks"
    return SpecError(f"there is no hook {name!r}", hint=hint)
