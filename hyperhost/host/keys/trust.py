"""Trust rules: which keys may sign for a namespace, and how many of them must."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import TrustRule
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.errors import RefusalError
from hyperhost.host.keys.records import Records

if TYPE_CHECKING:
    from hyperhost.host.context import PluginContext

__all__ = ["TRUST", "TrustBook"]

TRUST: Final = "signing-trust"
"""Collection of trust rules, by namespace."""

_PATH: Final = re.compile(
    r"(?:pkg|hyper|lib|org|local)(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*"
    r"|user|user\.[a-z0-9][a-z0-9._+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)+"
)
_MAX_PATH: Final = 255
_MAX_KEYS: Final = 64


class TrustBook:
    """The trust rules of a provider.

    Args:
        context: The plugin's.
    """

    def __init__(self, context: PluginContext) -> None:
        self._records = Records(context, TRUST)

    def rule_for(self, namespace: str) -> TrustRule | None:
        """The rule with the longest path that is the namespace or above it; ``None`` without any.

        What is no namespace (upper case, letters that look like others, empty labels) gets a rule that
        nobody can meet: a name that slips past a rule must not count as one that has none.
        """
        if not _is_path(namespace):
            return TrustRule(namespace, [], 1)
        for path in _upwards(namespace):
            text = self._records.get(path)
            if text is not None:
                return _parsed(path, text)
        return None

    def put(self, rule: TrustRule) -> bool:
        """Write a rule; whether anything is different from before.

        Raises:
            RefusalError: ``invalid:…``: its path is none, or its keys cannot meet its threshold.
        """
        if not _is_path(rule.namespace):
            raise RefusalError(
                f"{rule.namespace[:80]!r} is no namespace", "invalid:namespace:path", hint="as in 'org.acme'"
            )
        keys = sorted(set(rule.key_ids))
        if not 1 <= len(keys) <= _MAX_KEYS:
            raise RefusalError(
                f"{len(keys)} keys cannot be trusted for {rule.namespace}",
                "invalid:key_ids:count",
                hint=f"1 to {_MAX_KEYS}; key_untrust removes a rule",
            )
        if rule.threshold < 1:
            raise RefusalError("a threshold is at least 1", "invalid:threshold:range", hint="1 is usual")
        text = json.dumps(to_data(TrustRule(rule.namespace, keys, rule.threshold)), sort_keys=True)
        return self._records.put(rule.namespace, text)

    def remove(self, namespace: str) -> bool:
        """Remove a rule; whether there was one."""
        return self._records.delete(namespace)

    def all(self) -> list[TrustRule]:
        """Every rule, in the order of the paths."""
        return [_parsed(path, text) for path, text in self._records.all()]


def _parsed(path: str, text: str) -> TrustRule:
    """A rule as it is stored; one that is damaged trusts nobody."""
    try:
        rule: TrustRule = from_data(TrustRule, json.loads(text))
    except (DataError, ValueError):
        return TrustRule(path, [], 1)
    return rule if rule.namespace == path and rule.threshold >= 1 else TrustRule(path, [], 1)


def _is_path(namespace: str) -> bool:
    return len(namespace) <= _MAX_PATH and _PATH.fullmatch(namespace) is not None


def _upwards(namespace: str) -> list[str]:
    """A path and those above it, the nearest first. The e-mail address behind ``user.`` is one label."""
    if namespace.startswith("user."):
        return [namespace, "user"]
    labels = namespace.split(".")
    return [".".join(labels[:count]) for count in range(len(labels), 0, -1)]
