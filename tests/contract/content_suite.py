"""What every provider of the service ``content`` must do, whoever wrote it and wherever it keeps bytes.

Subclass :class:`ContentSuite` in a test module and override its fixture ``content``: the hook relay
of a host with the provider registered, so ``content.content_stat(content_hash=…)`` calls it.
"""

from __future__ import annotations

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hyperhost.contracts import ContentInfo
from hyperhost.errors import RefusalError

MIB = 1 << 20
PIECE_MAX = 4 * MIB
NAMES = {"sha256": hashlib.sha256, "sha3-512": hashlib.sha3_512}


def name_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{NAMES[algorithm](data).hexdigest()}"


def some_bytes(size: int, seed: int = 0) -> bytes:
    return random.Random(seed or size).randbytes(size)


def upload(
    content: Any, data: bytes, *, algorithm: str = "sha256", piece: int = PIECE_MAX, expected: str = ""
) -> ContentInfo:
    upload_id = content.content_open(algorithm=algorithm)
    for start in range(0, len(data), piece):
        part = data[start : start + piece]
        assert content.content_append(upload=upload_id, data=part) == start + len(part)
    info: ContentInfo = content.content_commit(upload=upload_id, expected_hash=expected)
    return info


def download(content: Any, content_hash: str, piece: int = PIECE_MAX) -> bytes:
    parts: list[bytes] = []
    while part := content.content_read(content_hash=content_hash, offset=sum(map(len, parts)), length=piece):
        parts.append(part)
    return b"".join(parts)


def listed(content: Any, limit: int = 10_000) -> list[str]:
    """Every hash, a page at a time."""
    found: list[str] = []
    while True:
        page = content.content_list(after=found[-1] if found else "", limit=limit)
        found += [item.hash for item in page.items]
        if not page.more:
            return found
        assert len(page.items) == limit


def refusal(call: Any, **arguments: Any) -> RefusalError:
    with pytest.raises(RefusalError) as caught:
        call(**arguments)
    return caught.value


class ContentSuite:
    """The contract."""

    @pytest.fixture
    def content(self) -> Any:
        raise pytest.UsageError("override the fixture 'content'")

    @pytest.mark.parametrize(
        "size", [0, 1, 10_239, 10_240, 10_241, 100_000, MIB - 1, MIB, MIB + 1, 3 * MIB, 5 * MIB + 3]
    )
    def test_what_goes_in_comes_out(self, content: Any, size: int) -> None:
        data = some_bytes(size)
        info = upload(content, data)
        assert (info.hash, info.size) == (name_of(data), size)
        assert content.content_stat(content_hash=info.hash) == info
        assert download(content, info.hash) == data

    @pytest.mark.parametrize("size", [5, 50_000])
    @pytest.mark.parametrize("algorithm", ["sha256", "sha3-512"])
    def test_it_is_known_by_the_hash_that_was_asked_for(
        self, content: Any, algorithm: str, size: int
    ) -> None:
        data = some_bytes(size)
        name = name_of(data, algorithm)
        assert upload(content, data, algorithm=algorithm, expected=name).hash == name
        assert download(content, name) == data

    @pytest.mark.parametrize("piece", [1, 7, 1000])
    def test_how_it_was_cut_does_not_matter(self, content: Any, piece: int) -> None:
        data = some_bytes(12_345)
        assert upload(content, data, piece=piece).hash == name_of(data)
        assert download(content, name_of(data), piece=4_000) == data

    @pytest.mark.parametrize("algorithm", ["", "md5", "SHA256", "sha512"])
    def test_another_algorithm_is_refused(self, content: Any, algorithm: str) -> None:
        refused = refusal(content.content_open, algorithm=algorithm)
        assert refused.rule == "content.hash"
        assert "is not known" in refused.reason

    def test_any_part_can_be_read(self, content: Any) -> None:
        data = some_bytes(3 * MIB + 17)
        name = upload(content, data).hash
        chance = random.Random(5)
        edges = [0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB, len(data) - 1, len(data), len(data) + 1]
        offsets = edges + [chance.randrange(len(data)) for _ in range(15)] + [2**63, 2**64 - 1]
        for offset in offsets:
            for length in (0, 1, chance.randrange(2 * MIB), PIECE_MAX):
                part = content.content_read(content_hash=name, offset=offset, length=length)
                assert part == data[offset : offset + length], (offset, length)

    @pytest.mark.parametrize("size", [5, 50_000])
    def test_bytes_that_are_others_than_expected_are_refused_and_gone(self, content: Any, size: int) -> None:
        data = some_bytes(size)
        upload_id = content.content_open(algorithm="sha256")
        content.content_append(upload=upload_id, data=data)
        refused = refusal(content.content_commit, upload=upload_id, expected_hash=name_of(b"other"))
        assert refused.rule == "content.hash"
        assert name_of(data) in refused.reason
        assert content.content_stat(content_hash=name_of(data)) is None
        again = refusal(content.content_commit, upload=upload_id, expected_hash="")
        assert again.rule == "content.missing"

    def test_too_much_at_once_is_refused(self, content: Any) -> None:
        upload_id = content.content_open(algorithm="sha256")
        refused = refusal(content.content_append, upload=upload_id, data=bytes(PIECE_MAX + 1))
        assert refused.rule == "content.size"
        assert content.content_append(upload=upload_id, data=b"hello") == 5
        name = content.content_commit(upload=upload_id, expected_hash="").hash
        refused = refusal(content.content_read, content_hash=name, offset=0, length=PIECE_MAX + 1)
        assert refused.rule == "content.size"

    @pytest.mark.parametrize("upload_id", ["", "none", "../../etc/passwd", "a\0b"])
    def test_an_unknown_upload_is_refused(self, content: Any, upload_id: str) -> None:
        for call, more in (
            (content.content_append, {"data": b"x"}),
            (content.content_commit, {"expected_hash": ""}),
        ):
            refused = refusal(call, upload=upload_id, **more)
            assert refused.rule == "content.missing"
            assert "there is no upload" in refused.reason
        assert content.content_abort(upload=upload_id) is False

    @pytest.mark.parametrize("size", [5, 50_000])
    def test_an_upload_that_was_aborted_leaves_nothing(self, content: Any, size: int) -> None:
        upload_id = content.content_open(algorithm="sha256")
        content.content_append(upload=upload_id, data=some_bytes(size))
        assert content.content_abort(upload=upload_id) is True
        assert content.content_abort(upload=upload_id) is False
        assert listed(content) == []
        assert refusal(content.content_append, upload=upload_id, data=b"x").rule == "content.missing"

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "sha256:",
            name_of(b"none"),
            "md5:00",
            "../../etc/passwd",
            "sha256:" + "A" * 64,
            "\ud800",
            "a\0b",
        ],
    )
    def test_what_is_not_there_is_not_there(self, content: Any, name: str) -> None:
        assert content.content_stat(content_hash=name) is None
        assert content.content_read(content_hash=name, offset=0, length=10) is None
        assert content.content_delete(content_hash=name) is False

    @pytest.mark.parametrize("size", [5, 50_000, 2 * MIB])
    def test_the_same_bytes_are_kept_once(self, content: Any, size: int) -> None:
        data = some_bytes(size)
        first, second = upload(content, data), upload(content, data, piece=1 + size // 3)
        assert first == second
        assert listed(content) == [first.hash]
        assert sum(total.content_bytes for total in content.content_usage()) == size

    @pytest.mark.parametrize("size", [5, 50_000])
    def test_a_removed_content_is_gone_and_may_come_back(self, content: Any, size: int) -> None:
        data = some_bytes(size)
        name = upload(content, data).hash
        assert content.content_delete(content_hash=name) is True
        assert content.content_stat(content_hash=name) is None
        assert content.content_read(content_hash=name, offset=0, length=10) is None
        assert content.content_delete(content_hash=name) is False
        assert sum(total.contents for total in content.content_usage()) == 0
        assert upload(content, data).hash == name
        assert download(content, name) == data

    def test_the_list_is_in_the_order_of_the_hashes_a_page_at_a_time(self, content: Any) -> None:
        names = [
            upload(content, b"%d" % number, algorithm=algorithm).hash
            for number in range(40)
            for algorithm in NAMES
        ]
        names.append(upload(content, some_bytes(50_000)).hash)
        expected = sorted(names)
        for limit in (1, 7, 81, 10_000):
            assert listed(content, limit) == expected
        for after in ("a", "sha256:", "sha256:7", "sha256:7f", "sha256:zz", "sha3", "sha3-512:3", "t"):
            page = content.content_list(after=after, limit=10_000)
            assert [item.hash for item in page.items] == [name for name in expected if name > after], after

    def test_the_list_says_size_and_tier_and_the_totals_agree(self, content: Any) -> None:
        for size in (5, 50_000, 2 * MIB):
            upload(content, some_bytes(size))
        sums: dict[str, list[int]] = {}
        for item in content.content_list(after="", limit=10).items:
            assert content.content_stat(content_hash=item.hash).size == item.size
            assert item.stored_at_us > 1_600_000_000_000_000
            entry = sums.setdefault(item.tier, [0, 0])
            entry[0] += 1
            entry[1] += item.size
        totals = {total.tier: [total.contents, total.content_bytes] for total in content.content_usage()}
        assert {tier: total for tier, total in totals.items() if total != [0, 0]} == sums

    def test_uploads_do_not_mix(self, content: Any) -> None:
        pieces = {content.content_open(algorithm="sha256"): some_bytes(30_000, seed) for seed in (1, 2, 3)}
        for start in range(0, 30_000, 1000):
            for upload_id, data in pieces.items():
                content.content_append(upload=upload_id, data=data[start : start + 1000])
        for upload_id, data in pieces.items():
            content.content_commit(upload=upload_id, expected_hash=name_of(data))
            assert download(content, name_of(data)) == data

    @pytest.mark.parametrize("size", [5, 100_000])
    def test_many_threads_may_commit_the_same_bytes(self, content: Any, size: int) -> None:
        data = some_bytes(size)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: upload(content, data), range(16)))
        assert {(info.hash, info.size) for info in found} == {(name_of(data), size)}
        assert [total.contents for total in content.content_usage() if total.contents] == [1]
        assert download(content, name_of(data)) == data

    def test_many_threads_may_commit_others(self, content: Any) -> None:
        def one(seed: int) -> bool:
            data = some_bytes(9_000 + seed * 500, seed + 1)
            return download(content, upload(content, data, piece=5_000).hash) == data

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(one, range(24)))
        assert len(listed(content)) == 24
