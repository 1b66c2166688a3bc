"""Shares and policies of canaries, and how ``hyperhost.toml`` and ``plugins.lock`` write them."""

from __future__ import annotations

from pathlib import Path

import pytest

import hyperhost
from hyperhost.config import read_config
from hyperhost.errors import ConfigError, LockFileError
from hyperhost.host.canary import CanaryPolicy, figures_name, parse_share, share_words
from hyperhost.host.lockentry import CanaryEntry, LockEntry, entries_text, parse_entries

TOML = Path("hyperhost.toml")
LOCK = Path("plugins.lock")


def entry(**more: object) -> LockEntry:
    since = "2026-01-31T12:00:00.000000+00:00"
    fields = {"id": "scan", "version": "1.0.0", "digest": "sha256:ab", "state": "active"}
    return LockEntry(**{**fields, "installed_at": since, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "share"),
    [
        ("10%", 0.1),
        ("10 %", 0.1),
        (" 0.1 ", 0.1),
        (".5", 0.5),
        ("99.99%", 0.9999),
        ("0.01%", 0.0001),
        (0.25, 0.25),
    ],
)
def test_a_share_is_a_number_or_a_percentage(written: str | float, share: float) -> None:
    assert parse_share(written) == share


@pytest.mark.parametrize(
    "written",
    ["0", "0%", "100%", "1", "200%", "-1%", "x", "", "1e-1", "nan", "10%%", "٣%", True, None, float("nan")],
)
def test_anything_else_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="share"):
        parse_share(written)  # type: ignore[arg-type]


def test_a_forgotten_percent_sign_is_pointed_out() -> None:
    with pytest.raises(ValueError, match="10% is written with its sign"):
        parse_share("10")


def test_words_for_a_share() -> None:
    assert [share_words(share) for share in (0.1, 0.005, 1 / 3)] == ["10 %", "0.5 %", "33.3333 %"]


def test_figures_tell_builds_of_one_version_apart() -> None:
    assert figures_name("1.1.0", "sha256:0123456789abcdef", "1.0.0") == "1.1.0"
    assert figures_name("1.0.0", "sha256:0123456789abcdef", "1.0.0") == "1.0.0 (0123456789ab)"


@pytest.mark.parametrize(
    "wrong",
    [
        {"faults": 0},
        {"faults": True},
        {"calls": 1.5},
        {"fault_rate": -0.1},
        {"fault_rate": float("nan")},
        {"slower": 0.5},
        {"slower": "2"},
        {"window": "soon"},
        {"floor": 0},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(
        ValueError, match=next(iter(wrong)) if "window" not in wrong and "floor" not in wrong else "duration"
    ):
        CanaryPolicy(**wrong)  # type: ignore[arg-type]


def test_the_configuration_says_when() -> None:
    text = (
        b'[canary]\nfaults = 5\nwindow = "1min"\ncalls = 100\nfault_rate = 0.1\nslower = 2\nfloor = "5ms"\n'
    )
    assert read_config(text, TOML).canary == CanaryPolicy(5, "1min", 100, 0.1, 2.0, "5ms")
    assert read_config(b"", TOML).canary == CanaryPolicy()
    with hyperhost.Host("test", specs=[], config=read_config(text, TOML)) as host:
        assert host._canaries.policy.faults == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("faults = 0", r"canary\.faults is 0"),
        ("fault_rate = 2", r"canary\.fault_rate is 2"),
        ("slower = nan", r"canary\.slower is nan"),
        ('floor = "x"', r"canary\.floor"),
        ("share = 0.1", r"canary\.share"),
    ],
)
def test_a_wrong_key_is_named(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_config(f"[canary]\n{text}\n".encode(), TOML)


def test_an_entry_with_a_canary_is_read_as_it_was_written() -> None:
    canary = CanaryEntry(
        entry(version="1.1.0", digest="sha256:cd", granted=("kv",), requested=("kv",)), 0.1, 500
    )
    entries = {"scan": entry(canary=canary), "other": entry(id="other")}
    text = entries_text(entries)
    assert "[plugins.scan.canary]\nshare = 0.1\npromote_after = 500\n" in text
    assert parse_entries(text.encode(), LOCK) == {key: entries[key] for key in sorted(entries)}


@pytest.mark.parametrize(
    ("written", "instead", "words"),
    [
        ("share = 0.1", "share = 0.0", r"it must lie between 0\.01% and 99\.99%"),
        ("share = 0.1", "share = 1.5", r"it must lie between"),
        ("share = 0.1", "share = nan", r"it must lie between"),
        ("share = 0.1", "share = inf", r"it must lie between"),
        ("share = 0.1", 'share = "abc"', "the share 'abc' is no number"),
        ("share = 0.1", "share = true", "the share True is no number"),
        ("share = 0.1\n", "", "the share None is no number"),
        ("promote_after = 500", "promote_after = -1", "promote_after -1 is no whole number"),
        ('version = "1.1.0"', 'version = "../x"', "cannot be part of a file name"),
        ('digest = "sha256:cd"', 'digest = ""', "the digest is empty"),
        ('digest = "sha256:cd"', "", "the key 'digest' is missing"),
        ("share = 0.1", "share = 0.1\nchare = 1", "the key 'chare' is unknown"),
    ],
)
def test_nonsense_in_the_lock_file_is_named_with_its_line(written: str, instead: str, words: str) -> None:
    canary = CanaryEntry(entry(version="1.1.0", digest="sha256:cd"), 0.1, 500)
    text = entries_text({"scan": entry(canary=canary)})
    head, mark, tail = text.partition("[plugins.scan.canary]")
    assert written in tail
    number = head.count("\n") + 1
    with pytest.raises(LockFileError, match=rf"line {number}: plugin 'scan': canary: .*{words}"):
        parse_entries((head + mark + tail.replace(written, instead, 1)).encode(), LOCK)


def test_a_canary_has_no_canary_and_a_time() -> None:
    inner = CanaryEntry(entry(digest="sha256:ef"), 0.5)
    text = entries_text({"scan": entry(canary=CanaryEntry(entry(digest="sha256:cd", canary=inner), 0.1))})
    with pytest.raises(LockFileError, match="it has a canary itself"):
        parse_entries(text.encode(), LOCK)
    text = entries_text(
        {"scan": entry(canary=CanaryEntry(entry(digest="sha256:cd", installed_at="noon"), 0.1))}
    )
    with pytest.raises(LockFileError, match="installed_at 'noon' is no time"):
        parse_entries(text.encode(), LOCK)
