"""The key of tokens: a file of the home that only its owner reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from access_hosts import guarded

from builtin_plugins.access.keyfile import RootKey
from hyperhost.errors import AuthenticationError, RefusalError, WrongStateError


def test_the_key_stays_the_same_for_a_home(tmp_path: Path) -> None:
    with guarded(home=tmp_path) as first:
        key, token = first.owner.run("token_key"), first.token(allow=["administration:read"])
    with guarded(home=tmp_path) as second:
        assert second.owner.run("token_key") == key
        with pytest.raises(AuthenticationError, match="was revoked"):  # the store was another one
            second.holding(token)
    [file] = tmp_path.rglob("token.key")
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "token.key"
    RootKey(file).pair()
    file.chmod(0o640)
    with pytest.raises(RefusalError, match="can be read by others") as caught:
        RootKey(file).pair()
    assert caught.value.hint == f"chmod 600 {file}"


@pytest.mark.parametrize("content", ["", "zz", "00" * 31, "\x00"])
def test_a_damaged_key_is_never_replaced(tmp_path: Path, content: str) -> None:
    file = tmp_path / "token.key"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(RefusalError, match="cannot be used: it is damaged"):
        RootKey(file).pair()
    assert file.read_text() == content


def test_a_damaged_key_ends_an_operation_with_what_to_do(tmp_path: Path) -> None:
    with guarded(home=tmp_path) as registry:
        registry.owner.run("token_key")
        [file] = tmp_path.rglob("token.key")
    file.write_text("zz")
    with guarded(home=tmp_path) as registry, pytest.raises(WrongStateError, match="cannot be used"):
        registry.token(allow=["artifact:read"])
