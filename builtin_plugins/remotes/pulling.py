"""Pulling: what a remote has comes in, and nothing that is here is replaced or deleted for it.

Each artifact is compared with what is here. What is new is fetched, verified, and handed to
``import_artifacts``, so that everybody who judges an import judges this, too. Batches are small and each is
done for good, so a pull that was interrupted goes on with the next one: what came in is there, and the same.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import hyperhost
from hyperhost.contracts import Artifact, ArtifactState, ArtifactWrite, OperationCall
from hyperhost.contracts.codec import from_data, to_data
from hyperhost.errors import RefusalError
from hyperhost.offering import invalid, wrong_state

from .fetching import bytes_of
from .indexes import fetched, packages, read_index
from .store import all_records, on_disk

if TYPE_CHECKING:
    from hyperhost.contracts import TrustedTarget
    from hyperhost.offering import Asked

    from .indexes import Offered
    from .store import Site

__all__ = ["PULLED", "PullIssue", "Pulled", "pull"]

PULLED: Final = "remotes-pulled"
"""Collection that says by remote and package which versions came from there; for what goes away there."""

ISSUES_MAX: Final = 1_000
_BATCH: Final = 100
_BATCH_BYTES: Final = 4 << 20
_GROUP_BYTES: Final = 64 << 20
_INDEXES: Final = 50
"""Indexes that are fetched with one question."""
_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class PullIssue:
    """Something that was not done, and why.

    Attributes:
        kind: ``conflict`` (something else is here under that name), ``refused`` (by a rule or a plugin of
            this registry, or because the remote keeps a part of it back) or ``content``.
        what: ``artifact`` or ``package``.
        key: ``namespace/name@version``, or ``namespace/name``.
        reason: For a person.
        field: What in it is at fault, where that is known.
        rule: The rule that it breaks.
    """

    kind: str
    what: str
    key: str
    reason: str
    field: str = ""
    rule: str = ""


@dataclass(slots=True)
class Pulled:
    """What a pull did.

    Attributes:
        remote: Name of the remote.
        created: Artifacts that are new here.
        updated: Artifacts that were pulled before and are deprecated there now, or no longer.
        unchanged: Artifacts that were here already.
        contents: Contents that were fetched.
        content_bytes: Bytes of them.
        gone: ``namespace/name@version`` of what was pulled and is not offered there any more; it stays here.
        issues: What was not done, 1,000 at most.
    """

    remote: str
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    contents: int = 0
    content_bytes: int = 0
    gone: list[str] = field(default_factory=list)
    issues: list[PullIssue] = field(default_factory=list)


def pull(asked: Asked, site: Site, scope: str) -> Pulled:
    """Bring what a remote has into this registry.

    Args:
        asked: The call; no unit of work is under way.
        site: The remote.
        scope: A namespace, for what lies in it and below; empty for everything.

    Raises:
        RefusalError: the remote cannot be asked or says what was not signed, or nothing can be written here.
            What came before stays.
    """
    if scope and (not scope.isascii() or "/" in scope or ".." in scope or len(scope) > 255):
        raise invalid("namespace", "path", f"{scope[:80]!r} is no namespace", "as in org.acme")
    run = _Pull(asked, site)
    incoming = site.place / "incoming"
    try:
        with on_disk(site.place):
            run.everything(scope, incoming)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return run.report


@dataclass(frozen=True, slots=True)
class _Known:
    """What was pulled of one package.

    Attributes:
        versions: Sorted.
        deprecated: Version → since when it was deprecated there.
    """

    versions: list[str] = field(default_factory=list)
    deprecated: dict[str, int] = field(default_factory=dict)


class _Pull:
    """One pull."""

    def __init__(self, asked: Asked, site: Site) -> None:
        self._asked = asked
        self._hook = asked.hook
        self._site = site
        self.report = Pulled(site.remote.name)

    def everything(self, scope: str, incoming: Path) -> None:
        """All packages of a scope."""
        indexes, targets, odd = packages(self._site.everything(scope))
        for path in odd:
            self._issue("refused", ascii(path[:200])[1:-1], "no artifact can be called so", rule="name")
        for batch in _batches(self._offered(indexes, targets)):
            self._batch(batch, incoming)
        self._gone(scope, frozenset(targets))

    def _offered(self, indexes: list[TrustedTarget], targets: dict[str, TrustedTarget]) -> Iterator[Offered]:
        """Every version, package by package; a package whose index makes no sense is left out."""
        for start in range(0, len(indexes), _INDEXES):
            texts = fetched(self._site, indexes[start : start + _INDEXES])
            for name, text in texts.items():
                try:
                    found = read_index(self._site, name, text, targets)
                except RefusalError as refusal:
                    if not refusal.rule.startswith("unavailable:source"):
                        raise
                    self._issue("refused", name, refusal.reason, "package", rule="index")
                    continue
                yield from found

    def _batch(self, batch: list[Offered], incoming: Path) -> None:
        new: list[Offered] = []
        changed: list[ArtifactWrite] = []
        kept: list[Offered] = []
        for each in batch:
            here: Artifact | None = self._hook.storage_find_artifact(
                namespace=each.artifact.namespace, name=each.artifact.name, version=each.artifact.version
            )
            if here is None:
                new.append(each)
                continue
            manifest = self._hook.storage_get_manifest(artifact_id=here.id) or ""
            if not _is_same(each, here, manifest):
                self._issue("conflict", _key(each), "another one is here; it stays as it is")
                continue
            kept.append(each)
            known = self._known(each.name).deprecated.get(each.artifact.version)
            after = _as_there(each.artifact, here, known)
            if after == here:
                self.report.unchanged += 1
            else:
                changed.append(ArtifactWrite(after, manifest))
        ready = [each for each in new if self._is_allowed(each)]
        for group in _groups([each for each in ready if each.artifact.content is not None]):
            for each, file in zip(group, bytes_of(self._site, group, incoming), strict=True):
                self._take(each, file)
        refused = self._import([ArtifactWrite(each.artifact, each.manifest_json) for each in ready], "report")
        refused |= self._import(changed, "replace")
        self._remember([each for each in [*kept, *ready] if _key(each) not in refused])

    def _is_allowed(self, each: Offered) -> bool:
        """Whether an artifact may come in, judged before its bytes are fetched."""
        if each.sealed:
            self._issue("refused", _key(each), "the remote keeps its manifest back", rule="sealed")
            return False
        try:
            hyperhost.require_signatures(self._hook, each.artifact)
        except RefusalError as refusal:
            self._issue("refused", _key(each), refusal.reason, field="signatures", rule=refusal.rule)
            return False
        return True

    def _take(self, each: Offered, file: Path) -> None:
        """Keep the content of an artifact here, and remove the file that it came in.

        It was fetched even if bytes of that hash are here: who knows the hash of something private does
        not have it yet, and would make it public by naming it.
        """
        content = each.artifact.content
        assert content is not None
        upload = self._hook.content_open(algorithm=content.hash.partition(":")[0])
        try:
            with file.open("rb") as source:
                while piece := source.read(_PIECE):
                    self._hook.content_append(upload=upload, data=piece)
        except BaseException:
            self._hook.content_abort(upload=upload)
            raise
        self._hook.content_commit(upload=upload, expected_hash=content.hash)
        file.unlink(missing_ok=True)
        self.report.contents += 1
        self.report.content_bytes += content.size

    def _import(self, items: list[ArtifactWrite], on_conflict: str) -> set[str]:
        """Have artifacts taken over; answers the keys of those that were not."""
        if not items:
            return set()
        arguments = {
            "origin": f"remote:{self._site.remote.name}",
            "items": to_data(items),
            "on_conflict": on_conflict,
        }
        call = replace(self._asked.call, operation="import_artifacts", arguments_json=json.dumps(arguments))
        done = self._run(call)
        self.report.created += done["created"]
        self.report.updated += done["replaced"]
        self.report.unchanged += done["unchanged"]
        # What is replaced is told as a conflict, too: here it is the change that was asked for.
        issues = [each for each in done["issues"] if on_conflict == "report" or each["kind"] != "conflict"]
        for each in issues:
            self._keep_issue(PullIssue(**each))
        return {each["key"] for each in issues}

    def _run(self, call: OperationCall) -> dict[str, Any]:
        outcome = self._hook.operation_run(call=call)
        if outcome is None:
            raise wrong_state(
                "registry", "nobody takes over what was fetched", "activate the plugin transfer"
            )
        found: dict[str, Any] = json.loads(outcome.result_json)
        return found

    def _known(self, name: str) -> _Known:
        """What was pulled of a package before."""
        text = self._hook.storage_get_record(collection=PULLED, key=f"{self._site.remote.name}/{name}")
        return from_data(_Known, json.loads(text)) if text else _Known()

    def _remember(self, kept: list[Offered]) -> None:
        """Note which versions of a package are here as they are there."""
        by_name: dict[str, list[Artifact]] = {}
        for each in kept:
            by_name.setdefault(each.name, []).append(each.artifact)
        for name, artifacts in by_name.items():
            before = self._known(name)
            said = {each.version: each.deprecation for each in artifacts}
            times = {version: at.deprecated_at_us for version, at in said.items() if at is not None}
            others = {key: at_us for key, at_us in before.deprecated.items() if key not in said}
            after = _Known(sorted({*before.versions, *said}), others | times)
            if after != before:
                data = json.dumps(to_data(after), sort_keys=True)
                key = f"{self._site.remote.name}/{name}"
                self._hook.storage_put_record(collection=PULLED, key=key, data_json=data, mode=None)

    def _gone(self, scope: str, targets: frozenset[str]) -> None:
        """Find what was pulled and is offered no more. It stays: only a person removes anything here."""
        prefix = f"{self._site.remote.name}/"
        for key, text in all_records(self._hook, PULLED, prefix):
            name = key.removeprefix(prefix)
            namespace = name.partition("/")[0]
            if scope and namespace != scope and not namespace.startswith(f"{scope}."):
                continue
            self.report.gone += [
                f"{name}@{version}"
                for version in json.loads(text)["versions"]
                if f"{name}/{version}" not in targets and self._is_here(name, version)
            ]

    def _is_here(self, name: str, version: str) -> bool:
        namespace, _, short = name.partition("/")
        found = self._hook.storage_find_artifact(namespace=namespace, name=short, version=version)
        return found is not None

    def _issue(
        self, kind: str, key: str, reason: str, what: str = "artifact", field: str = "", rule: str = ""
    ) -> None:
        self._keep_issue(PullIssue(kind, what, key, reason, field, rule))

    def _keep_issue(self, issue: PullIssue) -> None:
        if len(self.report.issues) < ISSUES_MAX:
            self.report.issues.append(issue)


def _batches(versions: Iterable[Offered]) -> Iterator[list[Offered]]:
    """Batches whose arguments are no longer than an operation takes."""
    batch: list[Offered] = []
    size = 0
    for each in versions:
        batch.append(each)
        size += len(each.manifest_json) + len(str(each.artifact))
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _groups(wanted: list[Offered]) -> Iterator[list[Offered]]:
    """Contents that are fetched with one question: many small ones, and large ones alone."""
    group: list[Offered] = []
    size = 0
    for each in wanted:
        if group and size + each.artifact.content_size > _GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(each)
        size += each.artifact.content_size
    if group:
        yield group


def _is_same(each: Offered, here: Artifact, manifest_json: str) -> bool:
    """Whether what is here is what the remote has signed; labels and the like are this registry's."""
    is_manifest = each.sealed or each.manifest_json == manifest_json
    return is_manifest and hyperhost.artifact_payload(each.artifact) == hyperhost.artifact_payload(here)


def _as_there(there: Artifact, here: Artifact, known: int | None) -> Artifact:
    """What is here, deprecated as what is there; what somebody has decided here stays.

    Args:
        there: What the remote has.
        here: What is here, and is the same otherwise.
        known: Since when it was deprecated there when it was last pulled; ``None`` when it was not.
    """
    said, mine = there.deprecation, here.deprecation
    if here.state not in (ArtifactState.PUBLISHED, ArtifactState.DEPRECATED):
        return here
    if known == (said and said.deprecated_at_us):
        return here  # nothing new there; if it is otherwise here, somebody wanted that
    if mine is not None and mine.deprecated_at_us != known:
        return here  # it was deprecated here, and not by a pull
    return replace(here, state=there.state, deprecation=said)


def _key(each: Offered) -> str:
    return f"{each.name}@{each.artifact.version}"
