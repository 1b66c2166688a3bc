"""Which files grants reach: escapes, single files, write without read, revocation, content."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hyperhost.contracts.limits import Limits
from hyperhost.errors import CapabilityDeniedError, LimitError
from hyperhost.sandbox.interface import Err
from hyperhost.sandbox.services import Services
from hyperhost.sandbox.wasi.handles import MAX_FILES, drop

READ = "[method]input-stream.blocking-read"
WRITE = "[method]output-stream.blocking-write-and-flush"
FOLLOW = frozenset({"symlink-follow"})
NONE: frozenset[str] = frozenset()
NOW = ("now", None)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory to grant, with a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "outside").mkdir()
    inside = tmp_path / "data"
    (inside / "sub").mkdir(parents=True)
    (inside / "file").write_text("file")
    (inside / "sub" / "deep").write_text("deep")
    return inside


def both(path: Path) -> tuple[str, str]:
    return f"fs.read:{path}", f"fs.write:{path}"


# --- escapes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["../secret", "sub/../../secret", "/etc/passwd", "out", "sub/up/secret"])
def test_no_function_leaves_the_granted_directory(
    make_guest: Callable[..., Any], data: Path, path: str
) -> None:
    (data / "out").symlink_to("../secret")
    (data / "sub" / "up").symlink_to("../..")
    guest = make_guest(*both(data))
    base = guest.root(data)
    assert guest.open_refusal(base, path) == "not-permitted"
    assert guest.open_refusal(base, path, "write", "create truncate") == "not-permitted"
    assert guest.method_refusal("stat-at", base, FOLLOW, path) == "not-permitted"
    assert guest.method_refusal("metadata-hash-at", base, FOLLOW, path) == "not-permitted"
    assert guest.method_refusal("set-times-at", base, FOLLOW, path, NOW, NOW) == "not-permitted"
    if path != "out":
        assert guest.method_refusal("readlink-at", base, path) == "not-permitted"
        assert guest.method_refusal("create-directory-at", base, path) == "not-permitted"
        assert guest.method_refusal("remove-directory-at", base, path) == "not-permitted"
        assert guest.method_refusal("unlink-file-at", base, path) == "not-permitted"
        assert guest.method_refusal("rename-at", base, path, base, "x") == "not-permitted"
        assert guest.method_refusal("rename-at", base, "file", base, path) == "not-permitted"
        assert guest.method_refusal("link-at", base, NONE, path, base, "x") == "not-permitted"
        assert guest.method_refusal("link-at", base, NONE, "file", base, path) == "not-permitted"
        assert guest.method_refusal("symlink-at", base, "file", path) == "not-permitted"
    assert (data.parent / "secret").read_text() == "secret"
    assert (data / "file").read_text() == "file"


def test_a_directory_opened_below_confines_more(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(f"fs.read:{data}")
    sub = guest.open(guest.root(data), "sub", "read", "directory")
    assert guest.open_refusal(sub, "../file") == "not-permitted"
    guest.open(sub, "deep")


@pytest.mark.parametrize("target", ["/etc/passwd", "..", "../secret", "sub/../../secret"])
def test_making_a_link_to_the_outside_is_refused(
    make_guest: Callable[..., Any], data: Path, target: str
) -> None:
    guest = make_guest(*both(data))
    base = guest.root(data)
    assert guest.method_refusal("symlink-at", base, target, "link") == "not-permitted"
    assert guest.method_refusal("symlink-at", base, "", "link") == "no-entry"
    assert guest.method_refusal("symlink-at", base, "a\0b", "link") == "invalid"
    assert guest.method_refusal("symlink-at", base, "a/" * 5000, "link") == "name-too-long"
    assert not os.path.lexists(data / "link")


def test_moving_a_link_up_until_it_points_outside_gains_nothing(
    make_guest: Callable[..., Any], data: Path
) -> None:
    guest = make_guest(*both(data))
    base = guest.root(data)
    guest.method("symlink-at", base, "../file", "sub/link")
    guest.method("rename-at", base, "sub/link", base, "link")
    assert guest.open_refusal(base, "link") == "not-permitted"


def test_replacing_a_nested_grant_by_a_link_gains_nothing(make_guest: Callable[..., Any], data: Path) -> None:
    """The next instance opens ``sub``, which this one has turned into a link to the outside."""
    grants = (f"fs.write:{data}", f"fs.read:{data / 'sub'}")
    (data.parent / "outside" / "inner").write_text("secret")
    first = make_guest(*grants)
    first.method("rename-at", first.root(data), "sub", first.root(data), "kept")
    (data / "sub").symlink_to("../outside")  # however the plugin managed that
    second = make_guest(*grants)
    assert list(second.roots()) == [str(data)]
    assert second.open_refusal(second.root(data), "sub/inner") == "not-permitted"


def test_a_granted_path_may_go_through_the_operators_links(
    make_guest: Callable[..., Any], data: Path
) -> None:
    link = data.parent / "link"
    link.symlink_to(data)
    guest = make_guest(f"fs.read:{link / 'sub'}")
    assert guest.method("read", guest.open(guest.root(link / "sub"), "deep"), 4, 0) == (b"deep", False)


@pytest.mark.skipif(not Path("/proc/self/root").exists(), reason="needs Linux's /proc")
def test_the_links_of_proc_lead_nowhere(make_guest: Callable[..., Any]) -> None:
    guest = make_guest("fs.read:/")
    base = guest.roots()["/"]
    guest.open(base, "proc/self/status")
    assert guest.open_refusal(base, "proc/self/root/etc") == "not-permitted"
    assert guest.open_refusal(base, "proc/self/cwd") == "not-permitted"
    assert guest.open_refusal(base, "dev/null") == "not-permitted"


def test_exchanging_a_file_for_a_link_while_it_is_opened_gains_nothing(
    make_guest: Callable[..., Any], data: Path
) -> None:
    (data / "link").symlink_to("../secret")
    guest = make_guest(f"fs.read:{data}", limits=Limits(deadline="20s"))
    base = guest.root(data)
    stop = threading.Event()

    def exchange() -> None:
        while not stop.is_set():
            for name in ("file", "link"):
                (data / name).rename(data / "flip")
                (data / "flip").rename(data / name)

    thread = threading.Thread(target=exchange)
    thread.start()
    try:
        read = set()
        for _ in range(1500):
            try:
                file = guest.open(base, "flip")
            except Err as refused:
                read.add(refused.value)
                continue
            read.add(guest.method("read", file, 99, 0)[0])
            drop(guest.running, file)
    finally:
        stop.set()
        thread.join()
    assert read <= {b"file", "no-entry", "not-permitted", "loop"}


# --- what is not granted ----------------------------------------------------------------------


def test_without_grants_there_is_no_directory(make_guest: Callable[..., Any]) -> None:
    assert make_guest().roots() == {}
    assert make_guest("clock").roots() == {}
    assert make_guest("fs.read:/none/at/all").roots() == {}


def test_a_read_only_directory_refuses_every_change(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(f"fs.read:{data}")
    base = guest.root(data)
    file = guest.open(base, "file")
    assert guest.open_refusal(base, "file", "write") == "read-only"
    assert guest.open_refusal(base, "file", "read", "truncate") == "read-only"
    assert guest.open_refusal(base, "new", "read", "create") == "read-only"
    assert guest.open_refusal(base, "sub", "mutate-directory") == "read-only"
    assert guest.method_refusal("create-directory-at", base, "new") == "read-only"
    assert guest.method_refusal("remove-directory-at", base, "sub") == "read-only"
    assert guest.method_refusal("unlink-file-at", base, "file") == "read-only"
    assert guest.method_refusal("rename-at", base, "file", base, "new") == "read-only"
    assert guest.method_refusal("link-at", base, NONE, "file", base, "new") == "read-only"
    assert guest.method_refusal("symlink-at", base, "file", "new") == "read-only"
    assert guest.method_refusal("set-times-at", base, NONE, "file", NOW, NOW) == "read-only"
    assert guest.method_refusal("set-times", file, NOW, NOW) == "read-only"
    assert {entry.name for entry in data.iterdir()} == {"file", "sub"}


def test_a_write_only_directory_delivers_but_does_not_read(
    make_guest: Callable[..., Any], data: Path
) -> None:
    guest = make_guest(f"fs.write:{data}")
    base = guest.root(data)
    file = guest.open(base, "new", "write", "create")
    guest.method("write", file, b"x", 0)
    assert guest.method("stat", file)["size"] == 1
    assert guest.open_refusal(base, "file", "read") == "not-permitted"
    assert guest.open_refusal(base, "file", "read write") == "not-permitted"
    assert guest.method_refusal("read-directory", base) == "not-permitted"
    assert guest.open(base, "sub", "read", "directory")


def test_moving_a_file_does_not_make_it_readable(make_guest: Callable[..., Any], data: Path) -> None:
    (data / "public").mkdir()
    guest = make_guest(f"fs.write:{data}", f"fs.read:{data / 'public'}")
    base, public = guest.root(data), guest.root(data / "public")
    assert guest.method_refusal("rename-at", base, "file", public, "file") == "not-permitted"
    assert guest.method_refusal("rename-at", base, "file", base, "public/file") == "not-permitted"
    assert guest.method_refusal("link-at", base, NONE, "file", public, "file") == "not-permitted"
    guest.method("rename-at", base, "file", base, "sub/file")


def test_moving_a_directory_above_a_readable_one_does_not_make_it_readable(
    make_guest: Callable[..., Any], data: Path
) -> None:
    (data / "x" / "public").mkdir(parents=True)
    (data / "sub" / "public").mkdir()
    guest = make_guest(f"fs.write:{data}", f"fs.read:{data / 'x' / 'public'}")
    base = guest.root(data)
    guest.method("rename-at", base, "x", base, "aside")
    assert guest.method_refusal("rename-at", base, "sub", base, "x") == "not-permitted"


def test_linking_a_read_only_file_does_not_make_it_writable(
    make_guest: Callable[..., Any], data: Path
) -> None:
    guest = make_guest(f"fs.read:{data}", f"fs.write:{data / 'sub'}")
    base, sub = guest.root(data), guest.root(data / "sub")
    assert guest.method_refusal("link-at", base, NONE, "file", sub, "file") == "read-only"
    assert guest.method_refusal("rename-at", base, "file", sub, "file") == "read-only"
    assert guest.method_refusal("link-at", sub, FOLLOW, "deep", sub, "two") == "invalid"
    (data / "sub" / "soft").symlink_to("deep")
    assert guest.method_refusal("link-at", sub, NONE, "soft", sub, "two") == "not-permitted"


# --- single files -----------------------------------------------------------------------------


def test_a_granted_file_is_all_that_its_directory_shows(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(f"fs.read:{data / 'file'}")
    base = guest.root(data)
    assert guest.method("read", guest.open(base, "file"), 9, 0) == (b"file", True)
    for path in ("sub", "sub/deep", "none", "none/x", "../secret", "sub/../file"):
        assert guest.open_refusal(base, path) == "not-permitted"
        assert guest.method_refusal("stat-at", base, NONE, path) == "not-permitted"
    assert guest.open_refusal(base, "file", "write") == "read-only"
    assert guest.method_refusal("read-directory", base) == "not-permitted"
    assert guest.method_refusal("stat", base) == "not-permitted"
    assert guest.method("get-type", base) == "directory"


def test_a_granted_file_that_is_a_link_is_refused(make_guest: Callable[..., Any], data: Path) -> None:
    (data / "link").symlink_to("file")
    guest = make_guest(f"fs.read:{data / 'link'}")
    assert guest.open_refusal(guest.root(data), "link") == "not-permitted"


def test_a_granted_file_may_be_created(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(f"fs.write:{data / 'report'}", f"fs.write:{data / 'none' / 'report'}")
    base = guest.root(data)
    guest.method("write", guest.open(base, "report", "write", "create"), b"done", 0)
    assert (data / "report").read_bytes() == b"done"
    assert guest.open_refusal(base, "other", "write", "create") == "not-permitted"


# --- revocation -------------------------------------------------------------------------------


def test_revoking_a_path_binds_the_next_call_of_everything_opened_by_it(
    make_guest: Callable[..., Any], data: Path
) -> None:
    guest = make_guest(f"fs.read:{data}")
    base = guest.root(data)
    file = guest.open(base, "file")
    stream = guest.method("read-via-stream", file, 0)
    listing = guest.method("read-directory", base)
    guest.grants.revoke(f"fs.read:{data}")
    for interface, function, arguments in [
        ("filesystem/types", "[method]descriptor.read", (file, 1, 0)),
        ("filesystem/types", "[method]descriptor.stat", (file,)),
        ("filesystem/types", "[method]descriptor.stat-at", (base, NONE, "file")),
        ("filesystem/types", "[method]descriptor.open-at", (base, NONE, "file", NONE, NONE)),
        ("filesystem/types", "[method]directory-entry-stream.read-directory-entry", (listing,)),
        ("io/streams", READ, (stream, 1)),
    ]:
        with pytest.raises(CapabilityDeniedError, match="is not granted") as caught:
            guest.call(interface, function, *arguments)
        assert "hyperhost plugin grant p" in caught.value.hint
    assert guest.roots() == {}


def test_revoking_writing_leaves_reading(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(*both(data))
    base = guest.root(data)
    file = guest.open(base, "file", "read write")
    stream = guest.method("append-via-stream", file)
    guest.grants.revoke(f"fs.write:{data}")
    assert guest.method("read", file, 9, 0) == (b"file", True)
    assert guest.method("get-flags", base) == {"read"}
    with pytest.raises(CapabilityDeniedError, match=rf"'fs.write:{data}/file' is not granted"):
        guest.method("write", file, b"x", 0)
    with pytest.raises(CapabilityDeniedError, match=r"fs\.write"):
        guest.call("io/streams", WRITE, stream, b"x")
    with pytest.raises(CapabilityDeniedError, match=r"fs\.write"):
        guest.method("unlink-file-at", base, "file")
    assert (data / "file").read_text() == "file"


def test_moving_an_open_directory_does_not_dodge_a_later_revocation(
    make_guest: Callable[..., Any], data: Path
) -> None:
    kept, lost = data / "kept", data / "lost"
    kept.mkdir()
    lost.mkdir()
    guest = make_guest(*both(kept), *both(lost))
    guest.method("create-directory-at", guest.root(kept), "d")
    opened = guest.open(guest.root(kept), "d", "read", "directory")
    guest.method("rename-at", guest.root(kept), "d", guest.root(lost), "d")
    guest.method("create-directory-at", opened, "before")
    guest.grants.revoke(f"fs.write:{lost}")
    with pytest.raises(CapabilityDeniedError, match=rf"'fs.write:{lost}/d/after' is not granted"):
        guest.method("create-directory-at", opened, "after")
    assert [entry.name for entry in (lost / "d").iterdir()] == ["before"]


@pytest.mark.parametrize("name", ["a\nb", "*", "x*", "\u202e", "~", "ü" * 100])
def test_odd_names_are_as_good_as_others_and_end_with_the_grant(
    make_guest: Callable[..., Any], data: Path, name: str
) -> None:
    guest = make_guest(*both(data))
    base = guest.root(data)
    file = guest.open(base, name, "read write", "create")
    guest.method("write", file, b"x", 0)
    assert guest.method("read", file, 9, 0) == (b"x", True)
    guest.grants.revoke(f"fs.write:{data}")
    with pytest.raises(CapabilityDeniedError, match=r"fs\.write"):
        guest.method("write", file, b"y", 0)


# --- content ----------------------------------------------------------------------------------


class WithContent(Services):
    """Services of a host that has content to show."""

    content_root: Path | None = None


def test_content_is_read_only_under_its_own_name(make_guest: Callable[..., Any], data: Path) -> None:
    services = WithContent()
    services.content_root = data
    guest = make_guest("content:read", services=services)
    assert list(guest.roots()) == ["/content"]
    base = guest.roots()["/content"]
    file = guest.open(base, "sub/deep")
    assert guest.method("read", file, 9, 0) == (b"deep", True)
    assert guest.names(base) == {("file", "regular-file"), ("sub", "directory")}
    assert guest.open_refusal(base, "file", "write") == "read-only"
    assert guest.open_refusal(base, "../secret") == "not-permitted"
    guest.grants.revoke("content:read")
    with pytest.raises(CapabilityDeniedError, match="'content:read' is not granted"):
        guest.method("read", file, 9, 0)


def test_content_needs_its_grant_and_a_host_that_has_some(make_guest: Callable[..., Any], data: Path) -> None:
    services = WithContent()
    assert make_guest("content:read", services=services).roots() == {}
    services.content_root = data
    assert list(make_guest(f"fs.read:{data}", services=services).roots()) == [str(data)]


# --- many -------------------------------------------------------------------------------------


def test_listing_preopens_again_and_again_ends_at_the_file_limit(
    make_guest: Callable[..., Any], data: Path
) -> None:
    guest = make_guest(f"fs.read:{data}")
    for _ in range(MAX_FILES):
        guest.roots()
    with pytest.raises(LimitError, match="granted directories cannot be opened") as caught:
        guest.roots()
    assert "grant fewer paths" in caught.value.hint
