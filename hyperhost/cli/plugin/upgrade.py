"""``hyperhost plugin upgrade``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hyperhost.cli.complete import plugin_ids
from hyperhost.cli.plugin.options import ForceOption, GrantOption, YesOption, announce
from hyperhost.cli.plugin.showfile import is_file
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.host.rollout import Rollout

__all__ = ["register"]

CanaryOption = Annotated[
    str | None,
    typer.Option(
        "--canary", metavar="SHARE", help="Only for this share of the calls: 10% or 0.1.", show_default=False
    ),
]
AfterOption = Annotated[
    int | None,
    typer.Option(
        "--promote-after",
        metavar="CALLS",
        min=1,
        help="Make the canary the only version after so many calls answered well.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "upgrade")
    def upgrade(
        session: Session,
        plugin_id: Annotated[
            str,
            typer.Argument(
                metavar="ID|FILE",
                help="Id of the plugin; or only the new package, such as scan.hhp or ./scan.",
                autocompletion=plugin_ids,
                show_default=False,
            ),
        ],
        source: Annotated[
            str | None, typer.Argument(help="The new package; where the old one came from when not given.")
        ] = None,
        yes: YesOption = False,
        grants: GrantOption = None,
        force: ForceOption = False,
        canary: CanaryOption = None,
        promote_after: AfterOption = None,
        promote: Annotated[bool, typer.Option("--promote", help="Make the canary the only version.")] = False,
        rollback: Annotated[bool, typer.Option("--rollback", help="Drop the canary.")] = False,
    ) -> None:
        """Replace a plugin by another version. What it was granted stays; you are asked for what is new.

        With --canary the new version runs beside the old one and is dropped by itself if it is worse.
        """
        from hyperhost.cli.plugin.ask import decider
        from hyperhost.host.acquire import artifact_of
        from hyperhost.host.rollout import Rollout

        _check(canary, promote_after, promote, rollback, source is not None or is_file(plugin_id))
        work = Rollout(session.home, session.config, progress=session.out.progress)
        if source is None and is_file(plugin_id):
            source, plugin_id = plugin_id, _id_of(work, plugin_id)
        if promote or rollback:
            _end(session, work, plugin_id, promote=promote)
            return
        if canary is not None:
            _share(session, work, plugin_id, source, canary, promote_after, yes, grants, force)
            return
        decide = decider(session, yes, grants)
        known = work.known(plugin_id)
        if source is None and (artifact := artifact_of(known)) is not None and known.canary is None:
            from hyperhost.cli.plugin.install import from_registry

            from_registry(session, artifact[0], decide, force=force, also=grants or ())
            return
        before = known.version
        outcome = work.upgrade(plugin_id, source, decide, also=grants or (), force=force)
        after = outcome.entry.version
        if not outcome.changed:
            announce(session, outcome, f"{plugin_id} {after} is this package already")
            return
        words = f"from {before} to {after}" if before != after else f"to another build of {after}"
        announce(session, outcome, f"upgraded {plugin_id} {words}")


def _check(
    canary: str | None, promote_after: int | None, promote: bool, rollback: bool, has_source: bool
) -> None:
    """Refuse combinations that say two things at once, and a share that is none."""
    from hyperhost.host.canary import parse_share

    ways = [
        name
        for name, given in (
            ("--canary", canary is not None),
            ("--promote", promote),
            ("--rollback", rollback),
        )
        if given
    ]
    if len(ways) > 1:
        raise typer.BadParameter(f"{' and '.join(ways)} exclude each other")
    if promote_after is not None and canary is None:
        raise typer.BadParameter("--promote-after goes with --canary")
    if (promote or rollback) and has_source:
        raise typer.BadParameter(f"{ways[0]} takes the id of the plugin and no package")
    if canary is not None:
        try:
            parse_share(canary)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--canary") from None


def _id_of(work: Rollout, file: str) -> str:
    with work.bench() as host:
        return work.opened(Path(file), host).id


def _share(
    session: Session,
    work: Rollout,
    plugin_id: str,
    source: str | None,
    share: str,
    promote_after: int | None,
    yes: bool,
    grants: Sequence[str] | None,
    force: bool,
) -> None:
    from hyperhost.cli.plugin.ask import decider
    from hyperhost.host.canary import share_words

    outcome = work.canary(
        plugin_id,
        source,
        share,
        decider(session, yes, list(grants) if grants else None),
        also=grants or (),
        force=force,
        promote_after=promote_after,
    )
    entry, running = outcome.entry, outcome.entry.canary
    assert running is not None
    words = f"{plugin_id} {running.entry.version} answers {share_words(running.share)} of the calls"
    announce(
        session, outcome, f"{words}, {entry.version} the rest" if outcome.changed else f"{words} already"
    )


def _end(session: Session, work: Rollout, plugin_id: str, *, promote: bool) -> None:
    before = work.known(plugin_id)
    if promote:
        outcome = work.promote(plugin_id)
        announce(session, outcome, f"upgraded {plugin_id} from {before.version} to {outcome.entry.version}")
        return
    outcome = work.rollback(plugin_id)
    dropped = before.canary.entry.version if before.canary is not None else "the canary"
    announce(session, outcome, f"dropped {plugin_id} {dropped}; {outcome.entry.version} answers every call")
