"""What an engine was told and has not committed: kept, replaced, forgotten."""

from __future__ import annotations

import threading

import pytest

from hyperhost.contracts import Artifact, ArtifactType, SearchDocument
from hyperhost.errors import RefusalError
from hyperhost.query.pending import Pending


def document(name: str, artifact_id: str = "a") -> SearchDocument:
    return SearchDocument(Artifact(artifact_id, "org.acme", name, ArtifactType.PLUGIN, "1.0.0"))


def told(pending: Pending) -> dict[str, str | None]:
    """Names by id, taken out."""
    with pending.taken() as changes:
        return {key: None if flat is None else flat.texts["name"] for key, flat in changes.items()}


def test_the_last_word_on_a_document_counts_and_is_taken_once() -> None:
    pending = Pending()
    assert pending.index([document("one"), document("two")]) == 1
    assert pending.index([document("three", "b")]) == 1
    assert pending.remove(["b", "b", "c"], lambda unknown: len(unknown)) == 2
    assert told(pending) == {"a": "two", "b": None, "c": None}
    assert told(pending) == {}


@pytest.mark.parametrize(
    ("error", "by_thread", "kept"),
    [
        (ValueError("disk"), False, {"a": "two", "b": "three"}),
        (RefusalError("late", "search.moved"), False, {"a": "two"}),
        (ValueError("disk"), True, {"a": "two"}),
    ],
)
def test_what_could_not_be_committed_is_kept_unless_it_is_told_again(
    error: Exception, by_thread: bool, kept: dict[str, str]
) -> None:
    pending = Pending(by_thread=by_thread)
    pending.index([document("one"), document("three", "b")])
    with pytest.raises(type(error)):
        failing(pending, error)
    if "b" not in kept:
        pending.index([document("two")])
    assert told(pending) == kept


def failing(pending: Pending, error: Exception) -> None:
    """A commit during which something newer is told, where that is kept, and that fails."""
    with pending.taken():
        pending.index([document("two")])
        raise error


def test_a_thread_commits_nothing_that_another_one_was_told() -> None:
    pending = Pending(by_thread=True)
    pending.index([document("one")])
    found: list[dict[str, str | None]] = []
    thread = threading.Thread(target=lambda: found.append(told(pending)))
    thread.start()
    thread.join()
    assert found == [{}]
    assert told(pending) == {"a": "one"}


def test_what_a_thread_was_told_before_a_failure_is_not_committed_later() -> None:
    pending = Pending(by_thread=True)
    pending.index([document("one")])
    with pytest.raises(ZeroDivisionError):
        pending.remove(["b"], lambda _: 1 // 0)
    assert told(pending) == {}
