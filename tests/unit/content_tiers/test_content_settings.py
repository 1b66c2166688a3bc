"""What the configuration of the tiers may say, and where contents go by it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from content_hosts import content_host
from content_suite import download, name_of, refusal, some_bytes, upload

import hyperhost
from builtin_plugins.content_tiers.plugin import ContentTiers
from builtin_plugins.content_tiers.settings import Settings, read_settings
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.errors import ConfigError, RefusalError

BUCKET = {"bucket": "acme"}


def test_without_configuration_it_is_10_kib_and_10_mib_and_no_bucket() -> None:
    settings = read_settings({})
    assert (settings.inline_below, settings.files_below, settings.bucket) == (10 * 1024, 10 * 1024**2, "")


@pytest.mark.skipif(importlib.util.find_spec("obstore") is None, reason="obstore is not installed")
def test_everything_can_be_said() -> None:
    given = {
        "inline_below": 0,
        "files_below": 5,
        "max_bytes": 7,
        "bucket": "acme.parts",
        "prefix": "a/b_c",
        "endpoint": "http://127.0.0.1:9000",
        "region": "eu-central-1",
        "allow_http": True,
        "timeout_s": 3,
    }
    assert read_settings(given) == Settings(**given)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"inline": 5}, "config key 'inline' is unknown"),
        ({"inline_below": "5"}, "inline_below is '5'"),
        ({"inline_below": True}, "inline_below is True"),
        ({"inline_below": 2**20 + 1}, "inline_below is 1048577"),
        ({"inline_below": -1}, "inline_below is -1"),
        ({"files_below": 1000}, "files_below is 1000, less than inline_below"),
        ({"max_bytes": 0}, "max_bytes is 0"),
        ({"timeout_s": 0} | BUCKET, "timeout_s is 0"),
        ({"bucket": 5}, "bucket is 5"),
        ({"bucket": "No Bucket"}, "bucket is 'No Bucket'"),
        ({"bucket": "-a"}, "bucket is '-a'"),
        ({"prefix": "a"}, "prefix is given without a bucket"),
        ({"endpoint": "https://a"}, "endpoint is given without a bucket"),
        ({"prefix": "/a"} | BUCKET, "prefix is '/a'"),
        ({"prefix": "a//b"} | BUCKET, "prefix is 'a//b'"),
        ({"prefix": "a/../b"} | BUCKET, "prefix is 'a/../b'"),
        ({"endpoint": "127.0.0.1"} | BUCKET, "endpoint is '127.0.0.1'"),
        ({"endpoint": "http://127.0.0.1"} | BUCKET, "has no TLS"),
        ({"allow_http": 1} | BUCKET, "allow_http is 1"),
    ],
)
def test_what_is_wrong_is_refused_with_what_would_be_right(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings(config)
    assert words in str(caught.value)
    assert caught.value.hint


def test_a_bucket_without_the_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="needs the library obstore") as caught:
        read_settings(BUCKET)
    assert caught.value.hint == "pip install 'hyperhost[s3]'"


def test_a_wrong_configuration_stops_the_plugin_and_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught, content_host(tmp_path, inlines=5):
        pass
    assert caught.value.plugin == "content-tiers"


def test_the_limits_say_where_a_content_goes(tmp_path: Path) -> None:
    with content_host(tmp_path, inline_below=100) as host:
        tiers = {}
        for size in (0, 99, 100, 20 << 20):
            data = some_bytes(size)
            info = upload(host.hook, data)
            tiers[size] = info.uri and info.uri.partition(":")[0]
            assert download(host.hook, info.hash) == data
        assert tiers == {0: None, 99: None, 100: "files", 20 << 20: "files"}
        digest = name_of(some_bytes(100)).removeprefix("sha256:")
        place = tmp_path / "data/content-tiers/files" / digest[:2] / digest[2:4] / f"sha256-{digest}"
        assert place.read_bytes() == some_bytes(100)
        assert place.stat().st_mode & 0o777 == 0o600


def test_changed_limits_hold_for_new_contents_and_old_ones_stay_readable(tmp_path: Path) -> None:
    data = some_bytes(5_000)
    with content_host(tmp_path) as host:
        assert upload(host.hook, data).uri is None
    with content_host(tmp_path, inline_below=100) as host:
        assert upload(host.hook, data).uri is None
        assert upload(host.hook, data[1:]).uri is not None
        assert download(host.hook, name_of(data)) == data


def test_more_than_the_largest_size_is_refused_and_the_upload_gone(tmp_path: Path) -> None:
    with content_host(tmp_path, max_bytes=50_000) as host:
        upload_id = host.hook.content_open(algorithm="sha256")
        assert host.hook.content_append(upload=upload_id, data=bytes(50_000)) == 50_000
        refused = refusal(host.hook.content_append, upload=upload_id, data=b"x")
        assert (refused.rule, refused.reason) == ("content.size", "the content is larger than 50000 bytes")
        assert refusal(host.hook.content_commit, upload=upload_id, expected_hash="").rule == "content.missing"
        assert list((tmp_path / "data/content-tiers/uploads").iterdir()) == []


def test_without_a_home_small_contents_are_kept_and_others_refused(tmp_path: Path) -> None:
    with hyperhost.Host("registry") as host:
        host.register(StorageSql(str(tmp_path / "registry.db")))
        host.register(ContentTiers())
        assert download(host.hook, upload(host.hook, b"hello").hash) == b"hello"
        refused = refusal(upload, content=host.hook, data=some_bytes(50_000))
        assert refused.rule == "content.full"
        assert "no home directory" in refused.reason
        assert hyperhost.Operations(host).run("content_collect", grace_s=0)["removed"] == 1


def test_without_a_host_it_is_refused() -> None:
    with pytest.raises(RefusalError, match="contents need a host"):
        ContentTiers().content_open("sha256")


def test_two_providers_without_a_selection_are_an_error_that_names_both(tmp_path: Path) -> None:
    from builtin_plugins.content_memory.plugin import ContentMemory

    with content_host(tmp_path, ContentMemory()) as host:
        with pytest.raises(
            hyperhost.errors.ProviderConflictError, match="'content-tiers' and 'content-memory'"
        ):
            host.hook.content_usage()
        host.select("content", "content-memory")
        assert [total.tier for total in host.hook.content_usage()] == ["memory"]
