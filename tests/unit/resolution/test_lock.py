"""The lockfile: one text for one choice, and strict reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builtin_plugins.resolution.lock import Lock, LockedArtifact, lock_of, read_lock, write_lock
from hyperhost.contracts import DependencyType, Resolution, ResolvedNeed, ResolvedVersion
from hyperhost.errors import RefusalError

TEXT = """\
# hyperhost.lock: written by 'hyperhost deps', not by hand.
format = 1

[requires]
"org.acme/app" = "^1.0.0"

[[artifact]]
name = "org.acme/app"
version = "1.2.0"
hash = "sha256:00ff"
needs = [
  "org.acme/log ^1.0.0",
  "org.acme/peer >=2 <3 || ^5 (peer)",
]

[[artifact]]
name = "org.acme/log"
version = "1.0.0-rc.1"
source = "acme"

[[artifact]]
name = "org.acme/peer"
version = "5.0.0"
"""


def answer() -> Resolution:
    return Resolution(
        [
            ResolvedVersion("org.acme/peer", "5.0.0", required_by=["org.acme/app"]),
            ResolvedVersion("org.acme/log", "1.0.0-rc.1", source="acme", required_by=["org.acme/app"]),
            ResolvedVersion(
                "org.acme/app",
                "1.2.0",
                "sha256:00ff",
                needs=[
                    ResolvedNeed("org.acme/peer", ">=2 <3 || ^5", DependencyType.PEER),
                    ResolvedNeed("org.acme/log", "^1.0.0"),
                ],
            ),
        ]
    )


def test_a_choice_has_one_text() -> None:
    assert write_lock(lock_of({"org.acme/app": "^1.0.0"}, answer())) == TEXT


def test_the_order_of_an_answer_does_not_matter() -> None:
    turned = Resolution(answer().versions[::-1])
    assert write_lock(lock_of({"org.acme/app": "^1.0.0"}, turned)) == TEXT


def test_what_was_written_is_read_back() -> None:
    lock = read_lock(TEXT)
    assert lock == lock_of({"org.acme/app": "^1.0.0"}, answer())
    assert lock.versions == {
        "org.acme/app": "1.2.0",
        "org.acme/log": "1.0.0-rc.1",
        "org.acme/peer": "5.0.0",
    }


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
_WORDS = st.from_regex(r"[a-z]{1,8}/[a-z]{1,8}", fullmatch=True)
_VERSIONS = st.from_regex(r"[1-9]{1,4}\.0\.[1-9](-rc\.[1-9])?(\+[a-z]{1,4})?", fullmatch=True)


@given(
    st.dictionaries(_WORDS, _TEXTS, max_size=3),
    st.dictionaries(_WORDS, st.tuples(_VERSIONS, _TEXTS | st.none()), max_size=4),
)
def test_any_lock_reads_back_as_it_was(
    requires: dict[str, str], versions: dict[str, tuple[str, str | None]]
) -> None:
    artifacts = {name: LockedArtifact(name, *each) for name, each in versions.items()}
    lock = Lock(requires, artifacts)
    assert read_lock(write_lock(lock)) == lock


def test_two_changes_of_different_artifacts_touch_different_lines() -> None:
    ours = TEXT.replace('version = "1.2.0"', 'version = "1.3.0"').splitlines()
    theirs = TEXT.replace('version = "5.0.0"', 'version = "5.1.0"').splitlines()
    base = TEXT.splitlines()
    assert len(ours) == len(theirs) == len(base)
    changed = [{i for i, line in enumerate(side) if line != base[i]} for side in (ours, theirs)]
    assert not changed[0] & changed[1]


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        (
            TEXT.replace("format = 1", "format = 2"),
            "invalid:lock:format",
            "has format 2",
        ),
        (TEXT.replace("format = 1", 'format = "1"'), "invalid:lock:format", "has format '1'"),
        (TEXT.replace("format = 1", "format = true"), "invalid:lock:format", "has format True"),
        (TEXT.replace("format = 1", ""), "invalid:lock:text", "does not say its format"),
        ("<<<<<<< ours\n" + TEXT, "invalid:lock:conflict", "marks of a merge in line 1"),
        ("format = 1\n[[artifact\n", "invalid:lock:text", "it is no TOML"),
        ('{"lockfileVersion": 3}', "invalid:lock:text", "it is no TOML"),
        (TEXT + 'shasum = "x"\n', "invalid:lock:text", "artifact 3 has 'shasum', which nobody reads"),
        (TEXT.replace('version = "5.0.0"\n', ""), "invalid:lock:text", "artifact 3 has no version"),
        (TEXT.replace('"5.0.0"', "5"), "invalid:lock:text", "the version of artifact 3 is no text"),
        (TEXT.replace('"5.0.0"', '"5.0"'), "invalid:lock:text", "'5.0' is no version of SemVer"),
        (
            TEXT.replace("org.acme/log ^1", "org.acme/log ^^1"),
            "invalid:lock:text",
            "'^^1.0.0' is no constraint",
        ),
        (
            TEXT.replace('org.acme/peer"\n', 'org.acme/log"\n'),
            "invalid:lock:text",
            "log is there twice",
        ),
        (
            TEXT.replace('"org.acme/log ^1.0.0"', '"org.acme/log"'),
            "invalid:lock:text",
            "CONSTRAINT'",
        ),
        (TEXT.replace('= "^1.0.0"', "= 1"), "invalid:lock:text", "not a table of constraints"),
        ("format = 1\nartifact = 3", "invalid:lock:text", "artifact is no list"),
        ("format = 1\nartifact = [3]", "invalid:lock:text", "artifact 1 is no table"),
        ("format = 1\na = " + "[" * 100_000, "invalid:lock:text", "it is no TOML"),
    ],
)
def test_what_is_no_lockfile_is_refused_with_the_next_step(text: str, rule: str, words: str) -> None:
    with pytest.raises(RefusalError) as caught:
        read_lock(text)
    assert caught.value.rule == rule
    assert words in caught.value.reason
    assert caught.value.hint
