"""What an entry says: who asked for what, what changed, how it ended. It holds no secrets and no contents."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from hyperhost.contracts import ArtifactChange, OperationCall, OperationOutcome, Principal
from hyperhost.errors import HyperHostError, OperationError, RefusalError

from .sealing import canonical, clean, hash_of

__all__ = ["LISTED", "Story", "failed", "is_denial", "is_harmless", "subject_of", "succeeded"]

LISTED: Final = 20
"""Changes, and operations inside of an operation, that are named one by one; more are counted."""
_LATEST_US: Final = 2**53 - 1
"""The year 2255; greater numbers are none in canonical JSON."""
_DETAILS_MAX: Final = 16 * 1024
_TEXT_MAX: Final = 500
_SUBJECT_BYTES: Final = 900
_MASK: Final = "********"
_SECRET: Final = re.compile(
    r"pass(?:word|phrase|wd)|secret|token|api[-_]?key|private[-_]?key|credential", re.I
)
_HARMLESS: Final = ("invalid", "missing")
_DENIALS: Final = ("denied", "unauthenticated", "policy")
_OWNER: Final = "local:owner"
_ASKED: Final = ("artifact", "name", "path", "namespace", "target")


@dataclass
class Story:
    """What happened inside of one operation while it ran.

    Attributes:
        changes: How many changes of artifacts there were.
        kinds: Of which kinds.
        listed: The first of them.
        inner: How often each operation was run inside.
        inner_failed: How many of these failed.
    """

    changes: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    listed: list[dict[str, str]] = field(default_factory=list)
    inner: Counter[str] = field(default_factory=Counter)
    inner_failed: int = 0
    _ids: Any = field(default_factory=hashlib.sha256)

    def add(self, changes: list[ArtifactChange]) -> None:
        """Note changes of artifacts."""
        for change in changes:
            artifact = change.artifact
            self.changes += 1
            self.kinds[change.kind.value] += 1
            self._ids.update(f"{artifact.id}\n".encode())
            if len(self.listed) < LISTED:
                target = f"{artifact.namespace}/{artifact.name}@{artifact.version}"
                self.listed.append({"kind": change.kind.value, "id": artifact.id, "target": target})

    def changed(self) -> dict[str, Any] | None:
        """The changes for an entry; ``None`` when there were none."""
        if not self.changes:
            return None
        return {
            "count": self.changes,
            "kinds": dict(self.kinds),
            "items": self.listed,
            "ids_sha256": self._ids.hexdigest(),
        }

    def nested(self) -> dict[str, Any] | None:
        """The operations inside for an entry; ``None`` when there were none."""
        if not self.inner:
            return None
        return {"operations": dict(self.inner), "failed": self.inner_failed}


def succeeded(call: OperationCall, outcome: OperationOutcome, story: Story) -> dict[str, Any]:
    """The entry of an operation that ended well, without its place in the chain."""
    story.add(outcome.changes)
    return {
        **_asked(call),
        "namespace": _short(outcome.namespace),
        "target": _short(outcome.target),
        "changes": story.changed(),
        "nested": story.nested(),
        "details": _details(outcome.details_json),
        "success": True,
        "private": outcome.private,
        "error": None,
    }


def failed(call: OperationCall, error: BaseException, story: Story) -> dict[str, Any]:
    """The entry of an operation that was refused or failed; nothing of it was kept."""
    namespace, target = _meant(call.arguments_json)
    return {
        **_asked(call),
        "namespace": namespace,
        "target": target,
        "changes": None,
        "nested": story.nested(),
        "details": {},
        "success": False,
        "private": False,
        "error": _error(error),
    }


def is_denial(error: BaseException) -> bool:
    """Whether somebody was told that they may not do that."""
    return isinstance(error, RefusalError) and error.rule.partition(":")[0] in _DENIALS


def is_harmless(error: BaseException, principal: Principal) -> bool:
    """Whether a reader was only told that it asked for nothing, or asked wrongly.

    To anybody but the owner of the home, "it is not there" may mean that they must not know of it. Which of
    both it was, an outsider must not find out from how long the answer takes, so both are recorded.
    """
    if principal.id != _OWNER and getattr(error, "rule", "").startswith("missing"):
        return False
    if isinstance(error, OperationError):
        return error.code in ("HH-INVALID", "HH-MISSING", "HH-OPERATION-UNKNOWN")
    return isinstance(error, RefusalError) and error.rule.partition(":")[0] in _HARMLESS


def subject_of(entry: dict[str, Any]) -> str:
    """What an entry is found by: its target, as far as an index takes it."""
    target = str(entry.get("target", "")).replace("\0", " ")
    return target.encode()[:_SUBJECT_BYTES].decode("utf-8", "ignore")


def _asked(call: OperationCall) -> dict[str, Any]:
    principal = call.principal
    return {
        "at_us": min(call.at_us or time.time_ns() // 1000, _LATEST_US),
        "request_id": _short(call.request_id),
        "operation": _short(call.operation),
        "actor": {"id": _short(principal.id), "kind": str(principal.kind.value)},
        "ip": _short(principal.attributes.get("ip", "")),
        "user_agent": _short(principal.attributes.get("user_agent", "")),
    }


def _error(error: BaseException) -> dict[str, str]:
    """Code and rule, never the message: it may repeat what was given, and that may be a secret.

    For the same reason only the beginning of a field is kept: what follows are keys that were given.
    """
    if isinstance(error, HyperHostError):
        kind, _, rest = str(getattr(error, "rule", "")).partition(":")
        field, _, rule = rest.partition(":")
        parts = (kind, re.split(r"[.\[]", field)[0], rule)
        shown = ":".join(part for part in parts if part)
        return {"code": error.code, "rule": _short(shown), "plugin": _short(error.plugin or "")}
    return {"code": "fault", "rule": type(error).__name__, "plugin": ""}


def _details(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {"unreadable": True}
    shown = _masked(clean(found)) if isinstance(found, dict) else {}
    written = canonical(shown) if len(text) > _DETAILS_MAX // 2 else ""
    if len(written) > _DETAILS_MAX:
        return {"omitted_characters": len(written), "sha256": hash_of(written)}
    return dict(shown)


def _masked(value: Any) -> Any:
    """Operations mask what they know to be secret; this catches what is called like a secret."""
    if isinstance(value, dict):
        return {
            key: _MASK if _SECRET.search(key) and not isinstance(item, bool | int | None) else _masked(item)
            for key, item in value.items()
        }
    return [_masked(item) for item in value] if isinstance(value, list) else value


def _meant(arguments_json: str) -> tuple[str, str]:
    """Namespace and target of a call that failed, as far as its arguments say it."""
    try:
        given = json.loads(arguments_json)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(given, dict):
        return "", ""
    draft = given.get("draft")
    if isinstance(draft, dict):
        path, name, version = (draft.get(key) for key in ("namespace", "name", "version"))
        return _short(str(path or "")), _short(f"{path}/{name}@{version}")
    target = next((given[key] for key in _ASKED if isinstance(given.get(key), str)), "")
    path, slash, _ = target.partition("/")
    is_path = bool(slash) or target in (given.get("path"), given.get("namespace"))
    return (_short(path) if is_path else ""), _short(target)


def _short(text: str) -> str:
    return str(clean(text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}…"))
