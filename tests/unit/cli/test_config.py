"""``hyperhost.toml`` is read strictly: what nobody reads is an error with the nearest key."""

from __future__ import annotations

from pathlib import Path

import pytest

from hyperhost.config import Config, load_config, read_config
from hyperhost.contracts.limits import Limits
from hyperhost.errors import ConfigError
from hyperhost.host.quarantine import QuarantinePolicy

HERE = Path("hyperhost.toml")


def read(text: str) -> Config:
    return read_config(text.encode(), HERE)


def test_every_key_is_read() -> None:
    config = read(
        """
        [host]
        specs = ["acme.hooks:Checks"]
        [providers]
        storage = "storage-memory"
        [quarantine]
        faults = 3
        window = "10s"
        rest = "1min"
        max_rest = "2h"
        [limits]
        memory = "8MiB"
        [plugins.secret-scan]
        enabled = false
        config = { threshold = 3, names = ["a"] }
        limits = { deadline = "20ms" }
        """
    )
    assert config.specs == ("acme.hooks:Checks",)
    assert dict(config.providers) == {"storage": "storage-memory"}
    assert config.quarantine == QuarantinePolicy(3, "10s", "1min", "2h")
    assert config.limits == Limits(memory="8MiB")
    plugin = config.plugin("secret-scan")
    assert (plugin.enabled, dict(plugin.config)) == (False, {"threshold": 3, "names": ["a"]})
    assert config.source == HERE


def test_an_empty_file_gives_the_defaults() -> None:
    config = read("")
    assert (config.specs, config.quarantine, config.limits) == ((), QuarantinePolicy(), Limits())
    assert config.plugin("any").enabled


def test_the_operators_limits_prevail_over_those_asked_for_and_those_over_the_defaults() -> None:
    config = read('[limits]\nmemory = "8MiB"\nkv = "2MiB"\n[plugins.a.limits]\ndeadline = "20ms"\n')
    asked = Limits(memory="16MiB", deadline="5s")
    assert config.limits_for("a", asked) == Limits(memory="16MiB", deadline="20ms", kv="2MiB")
    assert config.limits_for("b", asked) == Limits(memory="16MiB", deadline="5s", kv="2MiB")


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("[hosts]", "unknown key 'hosts'", "did you mean 'host'?"),
        ("[host]\nspec = []", "unknown key 'host.spec'", "did you mean 'host.specs'?"),
        ("[host]\nspecs = 'a:B'", "host.specs is 'a:B'", "expected a list"),
        ("[host]\nspecs = ['a b']", "host.specs[0] is 'a b'", "expected an item"),
        ("[providers]\nstorage = 3", "providers.storage is 3", "expected the id of a plugin"),
        ("[quarantine]\nfault = 3", "unknown key 'quarantine.fault'", "did you mean 'quarantine.faults'?"),
        ("[quarantine]\nfaults = 0", "quarantine.faults is 0", "expected a whole number from 1"),
        ("[quarantine]\nwindow = 'soon'", "quarantine.window is 'soon'", "expected a duration"),
        ("[limits]\nmemroy = 1", "unknown key 'limits.memroy'", "did you mean 'limits.memory'?"),
        ("[limits]\nmemory = 'much'", "limits.memory: 'much' is not a size", "see the limits"),
        ("[plugins.A]", "'plugins.A' names no plugin", "write it as"),
        ("[plugins.a]\nenabled = 1", "plugins.a.enabled is 1", "expected true or false"),
        ("[plugins.a]\nconfg = {}", "unknown key 'plugins.a.confg'", "did you mean 'plugins.a.config'?"),
        ("[plugins.a.config]\nwhen = 2026-01-01", "plugins.a.config", ""),
        ("[host", "hyperhost.toml is no TOML", "mend the line"),
    ],
)
def test_mistakes_are_named_with_the_way_out(text: str, words: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert words in caught.value.message
    assert caught.value.hint.startswith(hint)


def test_a_file_that_is_not_there_or_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="is no TOML"):
        load_config(tmp_path / "bad.toml")
