"""The operations on remotes."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import OperationCall
from hyperhost.offering import Asked, OperationTable, conflict, invalid, operation, wrong_state

from .fetching import Fetched, Found, chosen, fetch, found
from .pulling import PULLED, Pulled, pull
from .store import ROOT_MAX, Remote, Remotes, all_records, check_name, check_url, taken

if TYPE_CHECKING:
    import hyperhost

__all__ = ["Work", "table"]

_GROUP: Final = "remote"


@dataclass(frozen=True, slots=True)
class RemoteState:
    """A remote, and what of it is trusted now.

    Attributes:
        name: What it is called here.
        url: Where it is.
        added_at_us: When it was added.
        added_by: Who added it.
        root: Version of the root that is trusted.
        timestamp: Version of its timestamp: how often it has changed.
        expires_at_us: When the first of its metadata expires, unless it is signed anew before.
    """

    name: str
    url: str
    added_at_us: int
    added_by: str
    root: int
    timestamp: int
    expires_at_us: int


class Work(Asked):
    """One call.

    Args:
        call: What is asked.
        context: What the host says of itself.
    """

    def __init__(self, call: OperationCall, context: hyperhost.PluginContext) -> None:
        super().__init__(call, context.hook, context.clock)
        self.remotes = Remotes(context)


@operation(group=_GROUP, permission="remote:manage")
def remote_add(work: Work, name: str, url: str, root: str) -> RemoteState:
    """Trust a registry elsewhere by its root, and see whether it answers; the root is its text.

    Nothing is kept when it cannot be reached, or shows what the root does not vouch for.
    """
    check_name(name)
    address = check_url(url)
    if len(root) > ROOT_MAX:
        raise invalid("root", "size", f"the root is longer than {ROOT_MAX:,} characters")
    if work.remotes.find(name) is not None:
        raise taken(name)
    # Not within a unit of work: others would wait as long as the network takes.
    if work.hook.resolution_list_candidates(source=name, artifacts=[], principal=work.principal) is not None:
        raise conflict(
            "name", f"a plugin answers for a registry {name} already", "give the remote another name"
        )
    remote = Remote(name, address, work.at_us, work.principal.id)
    place = work.remotes.place(name)
    shutil.rmtree(place, ignore_errors=True)  # of one that was removed, or was never added
    try:
        site = work.remotes.begun(remote, root)
        site.refresh()
        arguments = {"name": name, "url": address, "root": root}
        _nested(work, "remote_keep", arguments)
    except BaseException:
        if work.remotes.find(name) is None:
            shutil.rmtree(place, ignore_errors=True)
        raise
    return _state(work, name)


@operation(group=_GROUP, permission="remote:manage", changes=True)
def remote_keep(work: Work, name: str, url: str, root: str) -> bool:
    """Note a registry elsewhere without asking it; the last part of adding one."""
    check_name(name)
    if len(root) > ROOT_MAX:
        raise invalid("root", "size", f"the root is longer than {ROOT_MAX:,} characters")
    work.remotes.keep(Remote(name, check_url(url), work.at_us, work.principal.id), root)
    work.about(f"remote:{name}", url=url)
    return True


@operation(group=_GROUP, permission="remote:read")
def remote_list(work: Work) -> list[Remote]:
    """List the registries elsewhere that are known, by name."""
    return work.remotes.all()


@operation(group=_GROUP, permission="remote:read")
def remote_show(work: Work, name: str) -> RemoteState:
    """Ask a registry elsewhere what is new, and say what of it is trusted now."""
    return _state(work, work.remotes.get(name).name)


@operation(group=_GROUP, permission="remote:manage", changes=True)
def remote_remove(work: Work, name: str) -> bool:
    """Forget a registry elsewhere; what came from it stays."""
    known = work.remotes.get(name)
    for key, _ in list(all_records(work.hook, PULLED, f"{known.name}/")):
        work.hook.storage_delete_record(collection=PULLED, key=key)
    work.remotes.drop(known.name)
    work.about(f"remote:{known.name}", url=known.url)
    return True


@operation(group=_GROUP, permission="artifact:read")
def remote_find(work: Work, remote: str, artifact: str) -> Found:
    """Say which version a registry elsewhere has under a name, as in org.acme/auth@^1.0.0."""
    site = work.remotes.site(work.remotes.get(remote))
    return found(site, chosen(site, artifact))


@operation(group=_GROUP, permission="artifact:read")
def remote_fetch(work: Work, remote: str, artifact: str, target: str, content_hash: str = "") -> Fetched:
    """Write the content of an artifact of a registry elsewhere to a file, verified and as a whole."""
    site = work.remotes.site(work.remotes.get(remote))
    return fetch(work.hook, site, chosen(site, artifact), target, content_hash)


@operation(group=_GROUP, permission="registry:import")
def remote_pull(work: Work, remote: str, namespace: str = "") -> Pulled:
    """Bring what a registry elsewhere has into this one; what is here and differs stays, and is told."""
    known = work.remotes.get(remote)
    work.about(f"remote:{known.name}", namespace)
    return pull(work, work.remotes.site(known), namespace)


@cache
def table() -> OperationTable:
    """The table of all of them."""
    return OperationTable(
        [
            remote_add,
            remote_keep,
            remote_list,
            remote_show,
            remote_remove,
            remote_find,
            remote_fetch,
            remote_pull,
        ]
    )


def _state(work: Work, name: str) -> RemoteState:
    remote = work.remotes.get(name)
    state = work.remotes.site(remote).refresh()
    return RemoteState(
        remote.name,
        remote.url,
        remote.added_at_us,
        remote.added_by,
        state.root,
        state.timestamp,
        state.expires_at_us,
    )


def _nested(work: Work, name: str, arguments: dict[str, Any]) -> None:
    """Run an operation of one's own through the one door, as a change by itself."""
    import dataclasses

    call = dataclasses.replace(work.call, operation=name, arguments_json=json.dumps(arguments))
    if work.hook.operation_run(call=call) is None:
        raise wrong_state("registry", f"nobody runs {name}", "activate the plugin remotes")
