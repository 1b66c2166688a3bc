"""All targets of a namespace: those that python-tuf would find one by one, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tuf.api.metadata import DelegatedRole, Delegations, SuccinctRoles, TargetFile, Targets
from tuf.ngclient import UpdaterConfig
from tuf_parts import AUTH, MAIL, Mirror, Publisher, Victim, running_mirror

from builtin_plugins.trust_tuf.client import ClientLimits
from builtin_plugins.trust_tuf.listing import Listing
from builtin_plugins.trust_tuf.updater import WatchedUpdater
from hyperhost.errors import RefusalError

ROLES = ("a", "b", "c", "d")
BINS = ("x~1-0", "x~1-1")
PATHS = [
    f"{namespace}/{name}/1.0.0"
    for namespace in ("org.acme", "org.acme.team", "org.acmes", "org.other", "org")
    for name in ("one", "two")
] + ["org.acme", "org.acme/one", "org.acme/one/1.0.0/more"]
PATTERNS = [
    "org.acme/*/*", "org.acme.*/*/*", "org.*/*/*", "*/*/*", "org.acme/one/*", "org.other/*/*", "*/two/*",
    "org.acme*", "org.[ab]*/*/*", "org.?ther/*/*",
]  # fmt: skip


class Verified(WatchedUpdater):
    """python-tuf's updater with metadata that was loaded and verified already."""

    def __init__(self, roles: dict[str, Targets]) -> None:
        self.roles = roles
        self.config = UpdaterConfig(max_delegations=3)
        self.loaded: set[str] = set()

    def _load_targets(self, role: str, parent_role: str) -> Targets:
        self.loaded.add(role)
        return self.roles[role]


delegations = st.one_of(
    st.none(),
    st.just(Delegations({}, succinct_roles=SuccinctRoles([], 1, 1, "x~1"))),
    st.lists(
        st.builds(
            lambda name, terminating, patterns, hashed: DelegatedRole(
                name, [], 1, terminating, None if hashed else patterns, hashed or None
            ),
            st.sampled_from(ROLES),
            st.booleans(),
            st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3),
            st.sampled_from([[], [], [], ["0", "1", "2", "3", "4", "5", "6", "7"]]),
        ),
        max_size=4,
        unique_by=lambda each: each.name,
    ).map(lambda roles: Delegations({}, {each.name: each for each in roles})),
)


@st.composite
def repositories(draw: st.DrawFn) -> dict[str, Targets]:
    """Roles that delegate to each other in any way, cycles included; targets tell whose they are."""
    found = {}
    for number, name in enumerate(("targets", *ROLES, *BINS), 1):
        listed = draw(st.lists(st.sampled_from(PATHS), max_size=4, unique=True))
        targets = {path: TargetFile(number, {"sha256": "0" * 64}, path) for path in listed}
        inner = None if name in BINS else draw(delegations)
        found[name] = Targets(targets=targets, delegations=inner)
    return found


@given(repositories(), st.sampled_from(["", "org.acme", "org.acme.team", "org.other", "org", "org.none"]))
def test_what_is_listed_is_what_would_be_found(roles: dict[str, Targets], scope: str) -> None:
    one_by_one = Verified(roles)
    wanted = {}
    for path in PATHS:
        namespace = path.partition("/")[0]
        target = one_by_one._preorder_depth_first_walk(path)
        if target is not None and (not scope or f"{namespace}.".startswith(f"{scope}.")):
            wanted[path] = target.length
    listing = Listing(Verified(roles), scope, delegations=3, roles=100, targets=100)
    found = [(each.path, each.length) for each in listing.all()]
    assert found == sorted(wanted.items())


def test_of_namespaces_that_nobody_asked_for_nothing_is_loaded() -> None:
    roles = {
        name: DelegatedRole(name, [], 1, True, [f"{name}/*/*", f"{name}.*/*/*"])
        for name in ("org.acme", "org.other", "pkg")
    }
    target = TargetFile(1, {"sha256": "0" * 64}, AUTH)
    updater = Verified({name: Targets(targets={AUTH: target}) for name in roles})
    updater.roles["targets"] = Targets(delegations=Delegations({}, roles))
    for scope in ("org.acme", "org.acme.team"):
        Listing(updater, scope, delegations=32, roles=100, targets=100).all()
        assert updater.loaded == {"targets", "org.acme"}


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path / "publisher")
    for path in (AUTH, MAIL, "org.acme.team/tool/1.0.0", "org.other/tool/1.0.0", "pkg.react/react/1.0.0"):
        made.publish(path, path.encode())
    made.delegate("org.acme.team")
    return made


@pytest.fixture
def mirror(publisher: Publisher) -> Iterator[Mirror]:
    with running_mirror() as mirror:
        mirror.show(publisher.files())
        yield mirror


@pytest.fixture
def victim(publisher: Publisher, mirror: Mirror, tmp_path: Path) -> Iterator[Victim]:
    made = Victim(tmp_path / "victim", mirror, publisher.root)
    yield made
    made.fetcher.close()


@pytest.mark.parametrize(
    ("scope", "paths"),
    [
        ("org.acme", ["org.acme.team/tool/1.0.0", AUTH, MAIL]),
        ("org.acme.team", ["org.acme.team/tool/1.0.0"]),
        ("org.other", ["org.other/tool/1.0.0"]),
        ("pkg.react", ["pkg.react/react/1.0.0"]),
        ("org.acm", []),
    ],
)
def test_a_namespace_is_listed_with_those_below_it(victim: Victim, scope: str, paths: list[str]) -> None:
    assert [each.path for each in victim.client().listed(scope)] == paths
    assert not [path for path in victim.mirror.asked if path.startswith("targets/")]


def test_everything_is_listed_of_many_bins(publisher: Publisher, mirror: Mirror, victim: Victim) -> None:
    many = {
        path: TargetFile(1, {"sha256": "0" * 64}, path)
        for path in (f"org.acme/p{number}/1.0.0" for number in range(300))
    }
    with publisher.keeper.edit() as repository:
        repository.change(many)
    mirror.show(publisher.files())
    found = victim.client().listed("")
    assert len(found) == 305
    assert {each.path for each in found} > many.keys()


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (ClientLimits(listed_targets=4), "lists more than the 4 targets allowed"),
        (ClientLimits(listed_roles=4), "has more than the 4 delegations allowed"),
    ],
)
def test_a_registry_that_lists_more_than_is_allowed_is_refused(
    victim: Victim, limits: ClientLimits, words: str
) -> None:
    victim.limits = limits
    with pytest.raises(RefusalError, match=words) as caught:
        victim.client().listed("")
    assert caught.value.rule == "trust.endless-data"
    assert "one namespace" in caught.value.hint
    assert len(victim.client().listed("org.other")) == 1


def test_a_role_that_is_withheld_is_no_empty_one(victim: Victim) -> None:
    [name] = [name for name in victim.mirror.files if name.endswith(".org.other.json")]
    del victim.mirror.files[name]
    with pytest.raises(RefusalError, match=r"org\.other metadata cannot be had") as caught:
        victim.client().listed("")
    assert caught.value.rule == "trust.mirror"
    assert victim.client().listed("org.acme")


def test_a_scope_that_is_no_namespace_is_refused(victim: Victim) -> None:
    with pytest.raises(RefusalError, match="is no namespace"):
        victim.client().listed("org.acme/auth")
