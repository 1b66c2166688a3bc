"""Operations on the audit log: list, show, verify, export, and go on after a break."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.contracts.moments import MomentError, parse_moment
from hyperhost.contracts.schema import schema_of
from hyperhost.errors import RefusalError

from .chain import end_of_log, entry_at
from .checking import Checker, Verification
from .entries import subject_of
from .export import ExportError, first_line, last_line, parse_head, verify_export
from .head import DamagedHeadError, Head, HeadFile
from .reading import Filter, entries, newest_first, shown

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["OPERATIONS", "Desk"]

_PAGE_MAX: Final = 1_000
_EXPORT_MAX: Final = 10_000
_EXPORT_BYTES: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class ListArguments:
    """Arguments of ``audit_list``; moments as people write them."""

    actor: str | None = None
    operation: str | None = None
    namespace: str | None = None
    target: str | None = None
    request_id: str | None = None
    since: str | None = None
    until: str | None = None
    success: bool | None = None
    limit: int = 50
    token: str = ""


@dataclass(frozen=True, slots=True)
class ShowArguments:
    """Arguments of ``audit_show``."""

    seq: int


@dataclass(frozen=True, slots=True)
class VerifyArguments:
    """Arguments of ``audit_verify``.

    Attributes:
        head: A place that was noted down elsewhere, as ``SEQ:HASH``.
        file: Check this exported file, and not the log.
    """

    head: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class ExportArguments:
    """Arguments of ``audit_export``; all but ``limit`` are what the page before answered."""

    after: int = 0
    end: int | None = None
    limit: int = 1_000
    entries: int = 0
    last: str = ""


@dataclass(frozen=True, slots=True)
class SealArguments:
    """Arguments of ``audit_seal``."""

    reason: str


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries, the newest first, and what asks for older ones; empty at the end."""

    items: list[dict[str, Any]] = field(default_factory=list)
    next_token: str = ""


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Lines of an export.

    Attributes:
        lines: Entries exactly as they are stored.
        next_after: Where to go on.
        end: Number of the last entry that the export has; to be given back.
        more: Whether there is more.
        last: Place of the last line so far, to be given back; empty when there is none.
        entries: Entries so far, to be given back.
        begin: Line that stands before these; of the first page only.
        finish: Line that stands behind these; of the last page only.
    """

    lines: list[str]
    next_after: int
    end: int
    more: bool
    last: str
    entries: int = 0
    begin: str = ""
    finish: str = ""


class Desk:
    """Answers the operations.

    Args:
        hook: The host's hooks.
        head: Where the head is kept; ``None`` when there is no home.
    """

    def __init__(self, hook: HookRelay, head: HeadFile | None) -> None:
        self._hook = hook
        self._head = head

    def run(self, call: OperationCall) -> OperationOutcome | None:
        """Run an operation, if it is one of these.

        Raises:
            RefusalError: an argument is wrong, or there is no such entry.
        """
        known = _RUNS.get(call.operation)
        if known is None:
            return None
        kind, run, private = known
        try:
            arguments: Any = from_data(kind, json.loads(call.arguments_json))
        except DataError as error:
            name, _, rest = error.path.partition(".")
            reason = f"{error.path or 'the arguments'} {error.problem}"
            raise _invalid(name or rest, "type", reason, error.hint) from None
        except ValueError as error:
            raise _invalid("", "json", f"the arguments are no JSON: {error}") from None
        answer, details = run(self, arguments, call)
        text = json.dumps(to_data(answer), ensure_ascii=False, separators=(",", ":"))
        return OperationOutcome(text, target="audit", details_json=json.dumps(details), private=private)

    def list(self, given: ListArguments, call: OperationCall) -> tuple[EntryPage, dict[str, Any]]:
        """See ``audit_list``."""
        if not 1 <= given.limit <= _PAGE_MAX:
            raise _invalid("limit", "range", f"{given.limit} is no limit", f"1 to {_PAGE_MAX}")
        if given.token and not (given.token.isdecimal() and len(given.token) < 19):
            raise _invalid("token", "token", "the page token is not one of this list")
        wanted = Filter(
            given.actor,
            given.operation,
            given.namespace,
            given.target,
            given.request_id,
            _moment("since", given.since, call.at_us),
            _moment("until", given.until, call.at_us),
            given.success,
        )
        before = int(given.token) if given.token else end_of_log(self._hook).seq + 1
        subject = subject_of({"target": given.target}) if given.target else ""
        found, more = newest_first(self._hook, wanted, subject, before, given.limit)
        return EntryPage(found, str(more) if more else ""), {"entries": len(found)}

    def show(self, given: ShowArguments, call: OperationCall) -> tuple[dict[str, Any], dict[str, Any]]:
        """See ``audit_show``."""
        found = entry_at(self._hook, given.seq) if 0 < given.seq < 2**63 else None
        if found is None:
            raise RefusalError(
                f"there is no audit entry {given.seq}",
                "missing:entry",
                hint="list the entries to see what there is",
            )
        return shown(found), {"entry": given.seq}

    def verify(self, given: VerifyArguments, call: OperationCall) -> tuple[Verification, dict[str, Any]]:
        """See ``audit_verify``."""
        marks: dict[str, Head] = {}
        if given.head:
            try:
                marks["the place that was given"] = parse_head(given.head)
            except ExportError as error:
                raise _invalid(
                    "head", "place", str(error), "give what an earlier check called 'last'"
                ) from None
        if given.file:
            return _verified_file(given), {}
        kept, broken = None, ""
        if self._head is not None:
            try:
                kept = self._head.read()
            except DamagedHeadError:
                broken = f"{self._head.path.name}, in which the head is kept, is damaged"
            except OSError as error:
                broken = f"the head cannot be read: {error.strerror or error}"
        if kept is not None:
            marks["the head"] = kept
        checker = Checker(marks)
        if broken:
            checker.problem(0, "head", broken)
        for entry in entries(self._hook):
            checker.add(entry.seq, entry.data_json, entry.at_us, entry.subject)
        return checker.finish(kept), {}

    def export(self, given: ExportArguments, call: OperationCall) -> tuple[ExportPage, dict[str, Any]]:
        """See ``audit_export``."""
        if not 1 <= given.limit <= _EXPORT_MAX:
            raise _invalid("limit", "range", f"{given.limit} is no limit", f"1 to {_EXPORT_MAX}")
        if not 0 <= given.after < 2**63:
            raise _invalid("after", "range", f"{given.after} is no number of an entry")
        end = end_of_log(self._hook).seq if given.end is None else given.end
        lines: list[str] = []
        last, size = given.after, 0
        for entry in entries(self._hook, given.after):
            if entry.seq > end or len(lines) == given.limit or size > _EXPORT_BYTES:
                break
            # A line break inside can only come from somebody who altered the store; keep it one line.
            line = entry.data_json.replace("\r", "\\r").replace("\n", "\\n")
            lines.append(line)
            size += len(line)
            last = entry.seq
        digest = _stated(lines[-1]) if lines else ""
        place = f"{last}:{digest}" if lines else given.last
        count, more = given.entries + len(lines), bool(lines) and last < end
        begin = first_line() if given.after == 0 else ""
        finish = "" if more else last_line(count, place)
        page = ExportPage(lines, last, end, more, place, count, begin, finish)
        return page, {"entries": len(lines)}

    def seal(self, given: SealArguments, call: OperationCall) -> tuple[dict[str, str], dict[str, Any]]:
        """See ``audit_seal``: the entry of this very call says why, and the head is set to it."""
        if not given.reason.strip():
            raise _invalid("reason", "missing", "going on after a break needs a reason", "say what happened")
        before = ""
        if self._head is not None:
            try:
                before = str(self._head.read() or "")
            except (DamagedHeadError, OSError) as error:
                before = f"unreadable: {type(error).__name__}"
        last = str(end_of_log(self._hook))
        return {"head": before, "last": last}, {"reason": given.reason, "head": before, "last": last}


_Run = Callable[[Desk, Any, OperationCall], tuple[Any, dict[str, Any]]]
_TABLE: Final[tuple[tuple[str, str, type, _Run, Any, str], ...]] = (
    ("audit_list", "List audit entries, the newest first.", ListArguments, Desk.list, EntryPage, "private"),
    ("audit_show", "Show one audit entry.", ShowArguments, Desk.show, dict[str, Any], "private"),
    (
        "audit_verify",
        "Check that no audit entry was altered, removed, inserted or moved.",
        VerifyArguments,
        Desk.verify,
        Verification,
        "",
    ),
    (
        "audit_export",
        "Hand out the audit log, a page at a time, to be checked elsewhere.",
        ExportArguments,
        Desk.export,
        ExportPage,
        "private",
    ),
    (
        "audit_seal",
        "Go on after a break that has an explanation, such as a restored backup.",
        SealArguments,
        Desk.seal,
        dict[str, str],
        "changes",
    ),
)
_RUNS: Final = {name: (kind, run, how == "private") for name, _, kind, run, _, how in _TABLE}
OPERATIONS: Final = [
    OperationInfo(
        name,
        summary,
        "audit",
        f"audit:{'seal' if how == 'changes' else 'read'}",
        how == "changes",
        how == "private",
        json.dumps(schema_of(kind), separators=(",", ":")),
        json.dumps(schema_of(answer), separators=(",", ":")),
    )
    for name, summary, kind, _, answer, how in _TABLE
]


def _stated(line: str) -> str:
    from .sealing import unseal

    sealed = unseal(line)
    return sealed.hash if sealed is not None else ""


def _verified_file(given: VerifyArguments) -> Verification:
    try:
        return verify_export(Path(given.file), given.head)
    except ExportError as error:
        raise _invalid("file", "format", str(error), "give what audit export wrote") from None
    except OSError as error:
        raise _invalid(
            "file", "unreadable", f"{given.file}: {error.strerror or error}", "check the path"
        ) from None


def _moment(name: str, text: str | None, now_us: int) -> int | None:
    if text is None:
        return None
    try:
        return parse_moment(text, now_us)
    except MomentError as error:
        raise _invalid(name, "moment", str(error), error.hint) from None


def _invalid(name: str, rule: str, reason: str, hint: str = "") -> RefusalError:
    return RefusalError(reason, f"invalid:{name}:{rule}", hint=hint)
