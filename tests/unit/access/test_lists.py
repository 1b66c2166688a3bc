"""Lists leave out what must not be seen, page by page, and nothing tells that it is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from access_hosts import Guarded, guarded
from hypothesis import given
from hypothesis import strategies as st

from builtin_plugins.registry.seeing import visible_page
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.contracts import PageRequest


@pytest.fixture(params=["memory", "sqlite"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guarded]:
    """Eleven artifacts of which five are public, on both stores."""
    storage = None if request.param == "memory" else StorageSql(str(tmp_path / "registry.db"))
    with guarded(storage) as registry:
        for number in range(11):
            registry.make(
                f"made-{number:02}", visibility="public" if number in (1, 4, 5, 6, 8) else "private"
            )
        yield registry


def pages(registry: Guarded, size: int, sort: str, descending: bool) -> list[list[str]]:
    found, token = [], ""
    while True:
        page = registry.of("user:bob", "user").run(
            "list", query={"sort": sort, "descending": descending}, page={"size": size, "token": token}
        )
        found.append([item["name"] for item in page["items"]])
        token = page["next_token"]
        if not token:
            return found


@pytest.mark.parametrize("size", [1, 2, 3, 5, 50])
@pytest.mark.parametrize(("sort", "descending"), [("created", False), ("name", True), ("downloads", False)])
def test_pages_are_full_and_end_with_the_last_that_may_be_seen(
    stored: Guarded, size: int, sort: str, descending: bool
) -> None:
    shown = pages(stored, size, sort, descending)
    wanted = ["made-01", "made-04", "made-05", "made-06", "made-08"]
    assert sorted(name for page in shown for name in page) == wanted
    assert [len(page) for page in shown] == [min(size, 5 - at) for at in range(0, 5, size)]


def test_a_page_token_names_nothing_that_must_not_be_seen(stored: Guarded) -> None:
    hidden = {item["id"] for item in stored.owner.run("list")["items"] if item["visibility"] == "private"}
    token = stored.of("user:bob", "user").run("list", page={"size": 1})["next_token"]
    assert token
    assert not any(each in token for each in hidden)


def test_a_list_of_nothing_but_private_things_is_one_empty_page(stored: Guarded) -> None:
    page = stored.of("user:bob", "user").run("list", query={"visibility": "private"}, page={"size": 1})
    assert page == {"items": [], "next_token": ""}


def test_somebody_with_a_place_in_an_access_list_sees_what_lies_there(stored: Guarded) -> None:
    entry = {"principal": "user:bob", "allow": ["artifact:read"]}
    stored.owner.run("namespace_create", path="org.acme", edit={"acl": [entry]})
    assert len(stored.of("user:bob").run("list")["items"]) == 11
    assert stored.of("user:eve").run("list")["items"] == []


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 9))
def test_any_mixture_is_paged_as_if_the_hidden_were_not_there(shown: list[bool], size: int) -> None:
    def fetch(part: PageRequest) -> tuple[list[int], str]:
        start = int(part.token or 0)
        end = start + part.size
        return list(range(len(shown)))[start:end], str(end) if end < len(shown) else ""

    def shows(items: list[int]) -> list[bool]:
        return [shown[item] for item in items]

    found: list[int] = []
    token = ""
    while True:
        items, following = visible_page(fetch, shows, PageRequest(size, token))
        found += items
        if not following:
            break
        assert len(items) == size
        assert shown[int(following) - 1]
        token = following
    assert found == [index for index, visible in enumerate(shown) if visible]
    assert not found or items  # no empty page behind the last one
