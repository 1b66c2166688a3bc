"""The state of a TUF repository, without input or output of its own.

Metadata comes through a function that reads a file by its name, signatures through one that gives what
signs with a key; changes are made in memory, and :meth:`Repository.sign` answers the files that have to
be written. Only what has changed gets a new version, and the snapshot and the timestamp above it.

What the specification asks of a repository is here: versions that only grow, expiry of every role,
every role in the snapshot with version, length and hash, roots signed by the old keys and the new ones
(https://theupdateframework.github.io/specification/latest/, sections 4 and 6).
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)

from .layout import bin_prefix, bits_for, covering, default_cover, patterns, sort_key
from .refusals import invalid, missing, wrong_state
from .sealing import check_root, meta_of, parsed, signed_file

if TYPE_CHECKING:
    from securesystemslib.signer import Key, Signer

__all__ = ["LIFETIMES", "Repository"]

LIFETIMES: Final = {
    "root": timedelta(days=365),
    "targets": timedelta(days=365),
    "snapshot": timedelta(days=30),
    "timestamp": timedelta(days=7),
}
"""How long what is signed now may be used. Delegated metadata lives as long as ``targets``."""

_SLACK: Final = 1.25
"""How much fuller than meant one bin may be before its delegation is divided anew; hashing is not even."""


class Repository:
    """One repository in memory. Not for several threads at once.

    Args:
        read: Gives a metadata file by its name, ``None`` when there is none.
        signers: Gives what signs with those of the named keys that are at hand.
        make_key: Makes a key pair for a role.
        now: The time.
        lifetimes: How long each role may be used, by role.
    """

    def __init__(
        self,
        read: Callable[[str], bytes | None],
        signers: Callable[[Iterable[str]], list[Signer]],
        make_key: Callable[[str], Signer],
        now: Callable[[], datetime],
        lifetimes: Mapping[str, timedelta] = LIFETIMES,
    ) -> None:
        self._read = read
        self._signers = signers
        self._make_key = make_key
        self._now = now
        self._lifetimes = {**LIFETIMES, **lifetimes}
        self._roles: dict[str, Metadata[Targets]] = {}
        self._dirty: set[str] = set()
        self._new: set[str] = set()
        self._roots: dict[str, bytes] = {}
        self.root: Metadata[Root]
        self.timestamp: Metadata[Timestamp]
        self.snapshot: Metadata[Snapshot]

    def create(self, root_keys: int, root_threshold: int) -> None:
        """Make the first version of the top-level roles, with new keys.

        Raises:
            RefusalError: the threshold is not one of that many keys.
        """
        if not 1 <= root_threshold <= root_keys <= 32:
            raise invalid(
                "root_threshold", "range", f"{root_threshold} of {root_keys} is no threshold", "as in 2 of 3"
            )
        root = Root(expires=self._expiry("root"), consistent_snapshot=True)
        for role, count in (("root", root_keys), ("timestamp", 1), ("snapshot", 1), ("targets", 1)):
            for _ in range(count):
                root.add_key(self._make_key(role).public_key, role)
        root.roles["root"].threshold = root_threshold
        self.root = Metadata(root)
        self._sign_root(None)
        self.timestamp = Metadata(Timestamp(expires=self._expiry("timestamp")))
        self.snapshot = Metadata(Snapshot(expires=self._expiry("snapshot"), meta={}))
        self._new |= {"timestamp", "snapshot"}
        self._add("targets", Targets(expires=self._expiry("targets"), delegations=Delegations({}, {})))

    def load(self) -> None:
        """Read the current state.

        Raises:
            RefusalError: a file that has to be there is not, or is damaged.
        """
        version = 1
        data = self._needed("1.root.json")
        while (later := self._read(f"{version + 1}.root.json")) is not None:
            data, version = later, version + 1
        self.root = parsed("root", data)
        self.timestamp = parsed("timestamp", self._needed("timestamp.json"))
        number = self.timestamp.signed.snapshot_meta.version
        self.snapshot = parsed("snapshot", self._needed(f"{number}.snapshot.json"))

    # Delegations

    @property
    def delegations(self) -> dict[str, DelegatedRole]:
        """The delegations by namespace, in the order in which clients try them."""
        found = self._delegations("targets").roles
        return {} if found is None else found

    def keys_of(self, role: str) -> tuple[dict[str, Key], int]:
        """Keys of a role by id, and how many of them have to sign.

        Raises:
            RefusalError: there is no such role.
        """
        if role in self.root.signed.roles:
            top = self.root.signed.roles[role]
            return {each: self.root.signed.keys[each] for each in top.keyids}, top.threshold
        owner, rule = self._rule(role)
        keys = self._delegations(owner).keys
        return {each: keys[each] for each in rule.keyids}, rule.threshold

    def facts(self, role: str) -> tuple[int, str, int]:
        """Version of a role, when it expires (RFC 3339), and how many bins it has."""
        top: dict[str, Metadata[Any]] = {
            "root": self.root,
            "timestamp": self.timestamp,
            "snapshot": self.snapshot,
        }
        signed = (top.get(role) or self._role(role)).signed
        bins = self._bins(role) if role not in top else None
        return signed.version, f"{signed.expires:%Y-%m-%dT%H:%M:%SZ}", bins.number_of_bins if bins else 0

    def delegate(self, namespace: str, keys: Iterable[Key], threshold: int) -> None:
        """Say which keys sign for a namespace and what lies below it, and how many of them must.

        What is signed already is verified against the new rule; what does not verify is signed anew.
        Targets move here from the delegation that covered them so far.

        Raises:
            RefusalError: there are fewer keys than the threshold.
        """
        given = {key.keyid: key for key in keys}
        if not 1 <= threshold <= len(given):
            raise invalid(
                "threshold", "range", f"{threshold} of {len(given)} keys is no threshold", "as in 2 of 3"
            )
        roles = self.delegations
        known = namespace in roles
        above = None if known else covering(namespace, roles)
        roles[namespace] = DelegatedRole(namespace, list(given), threshold, True, patterns(namespace))
        ordered = {name: roles[name] for name in sorted(roles, key=sort_key)}
        roles.clear()
        roles.update(ordered)
        everything = self._delegations("targets").keys | given
        used = {each for role in roles.values() for each in role.keyids}
        self._delegations("targets").keys = {each: key for each, key in everything.items() if each in used}
        self._touch("targets")
        if known:
            self._rekey(namespace, given, threshold)
        else:
            self._add(namespace, Targets(expires=self._expiry("targets")))
            if above is not None:
                self._move(above, namespace)

    def _rekey(self, namespace: str, keys: dict[str, Key], threshold: int) -> None:
        inner = self._role(namespace).signed.delegations
        if inner is not None and inner.succinct_roles is not None:
            bins = inner.succinct_roles
            if bins.keyids != list(keys) or bins.threshold != threshold:
                inner.keys, bins.keyids, bins.threshold = dict(keys), list(keys), threshold
                self._touch(namespace)
            for name in bins.get_roles():
                self._reverify(name, inner)
        self._reverify(namespace, self._delegations("targets"))

    def _reverify(self, role: str, delegator: Delegations) -> None:
        if f"{role}.json" not in self.snapshot.signed.meta and role not in self._roles:
            return
        held = self._role(role)
        owner = self._role("targets" if delegator is self._delegations("targets") else role.partition("~")[0])
        try:
            owner.signed.verify_delegate(role, held.signed_bytes, held.signatures)
        except UnsignedMetadataError:
            self._touch(role)

    def _move(self, above: str, namespace: str) -> None:
        moved = {
            path: target
            for path, target in self.targets(above)
            if covering(path.partition("/")[0], (namespace,)) == namespace
        }
        if moved:
            self._change(above, dict.fromkeys(moved))
            self._change(namespace, moved)

    # Targets

    def target(self, path: str) -> TargetFile | None:
        """What the repository says of a target."""
        role = covering(path.partition("/")[0], self.delegations)
        return None if role is None else self._role(self._place(role, path)).signed.targets.get(path)

    def targets(self, namespace: str) -> Iterator[tuple[str, TargetFile]]:
        """All targets of a delegation, in no order."""
        bins = self._bins(namespace)
        for name in [namespace] if bins is None else bins.get_roles():
            yield from self._role(name).signed.targets.items()

    def change(self, changes: Mapping[str, TargetFile | None]) -> int:
        """Add, replace and remove targets.

        Args:
            changes: What is said of each path from now on; ``None`` removes it.

        Returns:
            How many are different from before.
        """
        by_role: dict[str, dict[str, TargetFile | None]] = defaultdict(dict)
        for path, target in changes.items():
            namespace = path.partition("/")[0]
            role = covering(namespace, self.delegations)
            if role is None:
                if target is None:
                    continue
                role = default_cover(namespace)
                self.delegate(role, [self._make_key(role).public_key], 1)
            by_role[role][path] = target
        return sum(self._change(role, some) for role, some in by_role.items())

    def _change(self, role: str, changes: Mapping[str, TargetFile | None]) -> int:
        bins = self._bins(role)
        bits = 0 if bins is None else bins.bit_length
        if bins is None:
            held = len(self._role(role).signed.targets)
            wanted = bits_for(held + sum(target is not None for target in changes.values()))
            if wanted:
                self._divide(role, wanted)
        differing, fullest = 0, 0
        for path, target in changes.items():
            place = self._place(role, path)
            targets = self._role(place).signed.targets
            if targets.get(path) == target:
                continue
            differing += 1
            self._touch(place)
            if target is None:
                del targets[path]
            else:
                targets[path] = target
                fullest = max(fullest, len(targets))
        if bits and bits_for(int((fullest << bits) / _SLACK)) > bits:
            self._divide(role, bits_for(int((fullest << bits) / _SLACK)))
        return differing

    def _divide(self, role: str, bits: int) -> None:
        """Spread the targets of a delegation over new bins. Clients remember the old ones, so these stay."""
        everything = dict(self.targets(role))
        keys, threshold = self.keys_of(role)
        old = self._bins(role)
        for name in [role] if old is None else old.get_roles():
            if self._role(name).signed.targets:
                self._role(name).signed.targets.clear()
                self._touch(name)
        bins = SuccinctRoles(list(keys), threshold, bits, bin_prefix(role, bits))
        self._role(role).signed.delegations = Delegations(dict(keys), succinct_roles=bins)
        self._touch(role)
        for name in bins.get_roles():
            self._add(name, Targets(expires=self._expiry("targets")))
        for path, target in everything.items():
            self._role(bins.get_role_for_target(path)).signed.targets[path] = target

    # Keys of top-level roles

    def rotate(self, role: str, keys: Iterable[Key], threshold: int) -> None:
        """Give a top-level role other keys: a root that the old and the new root keys sign.

        What the role itself has signed is signed anew with the new keys.

        Raises:
            RefusalError: it is no top-level role, or the root keys that are at hand are too few.
        """
        given = {key.keyid: key for key in keys}
        if role not in self.root.signed.roles:
            raise invalid(
                "role", "unknown", f"{role[:80]!r} is no top-level role", "one of root, timestamp, …"
            )
        if not 1 <= threshold <= len(given):
            raise invalid(
                "threshold", "range", f"{threshold} of {len(given)} keys is no threshold", "as in 2 of 3"
            )
        old, root = self.root.signed, copy.deepcopy(self.root.signed)
        for each in list(root.roles[role].keyids):
            root.revoke_key(each, role)
        for key in given.values():
            root.add_key(key, role)
        root.roles[role].threshold = threshold
        root.version += 1
        root.expires = self._expiry("root")
        before, self.root = self.root, Metadata(root)
        try:
            self._sign_root(old)
        except BaseException:
            self.root = before
            raise
        if role != "root":
            self._touch(role)
            self._touch("timestamp")

    def renew(self, within: float = 0.5) -> list[str]:
        """Sign the timestamp anew, and whatever else has less than a share of its life left.

        Returns:
            Roles besides the timestamp.
        """
        due = [role for role in self._listed() if self._is_due(role, within)]
        for role in due:
            self._touch(role)
        if self._left("root", self.root.signed.expires) < within:
            old = copy.deepcopy(self.root.signed)
            self.root.signed.version += 1
            self.root.signed.expires = self._expiry("root")
            self._sign_root(old)
            due.append("root")
        if self._left("snapshot", self.snapshot.signed.expires) < within:
            self._touch("snapshot")
            due.append("snapshot")
        self._touch("timestamp")
        return due

    def _listed(self) -> list[str]:
        return [name.removesuffix(".json") for name in self.snapshot.signed.meta]

    def _is_due(self, role: str, within: float) -> bool:
        return self._left("targets", self._role(role).signed.expires) < within

    def _left(self, kind: str, expires: datetime) -> float:
        return (expires - self._now()) / self._lifetimes[kind]

    # Signing

    @property
    def changed(self) -> bool:
        """Whether anything is to be signed and written."""
        return bool(self._dirty or self._roots)

    def sign(self) -> dict[str, bytes]:
        """Sign what has changed, and the snapshot and timestamp above it.

        Returns:
            Files to write by name; empty when nothing has changed.

        Raises:
            RefusalError: fewer keys of a role are at hand than have to sign.
        """
        files, self._roots = self._roots, {}
        meta = self.snapshot.signed.meta
        for role in sorted(self._dirty - {"snapshot", "timestamp"}):
            data = self._bumped(self._roles[role], role, "targets")
            version = self._roles[role].signed.version
            files[f"{version}.{role}.json"] = data
            meta[f"{role}.json"] = meta_of(version, data)
        if self._dirty - {"timestamp"}:
            data = self._bumped(self.snapshot, "snapshot", "snapshot")
            version = self.snapshot.signed.version
            files[f"{version}.snapshot.json"] = data
            self.timestamp.signed.snapshot_meta = meta_of(version, data)
        if self._dirty:
            files["timestamp.json"] = self._bumped(self.timestamp, "timestamp", "timestamp")
        self._dirty.clear()
        self._new.clear()
        return files

    def _bumped(self, held: Metadata[Any], role: str, kind: str) -> bytes:
        if role not in self._new:
            held.signed.version += 1
        held.signed.expires = self._expiry(kind)
        keys, threshold = self.keys_of(role)
        return self._signed(held, role, keys, threshold)

    def _signed(self, held: Metadata[Any], role: str, keys: Iterable[str], threshold: int) -> bytes:
        return signed_file(held, role, self._signers(keys), threshold)

    def _sign_root(self, old: Root | None) -> None:
        """Sign the root with its keys and those of the one before, and verify it as clients will."""
        new = self.root.signed
        keys = dict.fromkeys([*(old.roles["root"].keyids if old else ()), *new.roles["root"].keyids])
        data = self._signed(self.root, "root", keys, new.roles["root"].threshold)
        check_root(self.root, old)
        self._roots[f"{new.version}.root.json"] = data

    # Roles

    def _delegations(self, role: str) -> Delegations:
        found = self._role(role).signed.delegations
        if found is None:
            raise wrong_state("metadata", f"{role} delegates nothing", "restore the metadata from a backup")
        return found

    def _rule(self, role: str) -> tuple[str, DelegatedRole | SuccinctRoles]:
        """Who delegates to a role, and by which rule."""
        rule = self.delegations.get(role)
        if rule is not None:
            return "targets", rule
        owner = role.partition("~")[0]
        if owner != role and owner in self.delegations:
            bins = self._bins(owner)
            if bins is not None:  # bins of an earlier division are signed by the same keys
                return owner, bins
        raise missing("delegation", f"there is no delegation {role[:80]!r}", "see: hyperhost tuf status")

    def _bins(self, namespace: str) -> SuccinctRoles | None:
        inner = self._role(namespace).signed.delegations
        return None if inner is None else inner.succinct_roles

    def _place(self, namespace: str, path: str) -> str:
        bins = self._bins(namespace)
        return namespace if bins is None else bins.get_role_for_target(path)

    def _role(self, role: str) -> Metadata[Targets]:
        if role not in self._roles:
            known = self.snapshot.signed.meta.get(f"{role}.json")
            if known is None:
                raise missing("delegation", f"there is no role {role[:80]!r}", "see: hyperhost tuf status")
            self._roles[role] = parsed("targets", self._needed(f"{known.version}.{role}.json"))
        return self._roles[role]

    def _add(self, role: str, signed: Targets) -> None:
        self._roles[role] = Metadata(signed)
        self._dirty.add(role)
        self._new.add(role)

    def _touch(self, role: str) -> None:
        self._dirty.add(role)

    def _needed(self, name: str) -> bytes:
        data = self._read(name)
        if data is None:
            raise wrong_state("metadata", f"{name} is not there", "restore the metadata from a backup")
        return data

    def _expiry(self, kind: str) -> datetime:
        return (self._now() + self._lifetimes[kind]).replace(microsecond=0)
