"""What a guest does with its files, and what it cannot."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hyperhost.contracts.limits import Limits
from hyperhost.errors import HostBytesLimitError, SandboxError
from hyperhost.sandbox.services import Services
from hyperhost.sandbox.wasi.handles import MAX_FILES, drop
from hyperhost.sandbox.wasi.io import CLOSED, MAX_CHUNK

READ = "[method]input-stream.blocking-read"
WRITE = "[method]output-stream.blocking-write-and-flush"
OPENINGS = [("read", ""), ("write", ""), ("read write", "create"), ("", ""), ("write", "truncate")]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A granted directory with a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    inside = tmp_path / "data"
    (inside / "sub").mkdir(parents=True)
    (inside / "sub" / "deep").write_text("deep")
    (inside / "file").write_bytes(b"0123456789")
    return inside


def both(path: Path) -> tuple[str, str]:
    return f"fs.read:{path}", f"fs.write:{path}"


# --- reading ----------------------------------------------------------------------------------


def test_a_preopen_is_named_like_the_granted_path(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(f"fs.read:{data}", f"fs.write:{data / 'sub'}")
    assert list(guest.roots()) == [str(data), str(data / "sub")]


def test_reading_a_file_at_offsets(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(f"fs.read:{data}")
    file = guest.open(guest.root(data), "file")
    assert guest.method("read", file, 4, 2) == (b"2345", False)
    assert guest.method("read", file, 100, 8) == (b"89", True)
    assert guest.method("read", file, 1, 10) == (b"", True)
    assert guest.method_refusal("read", file, 1, 2**64 - 1) == "invalid"


def test_reading_a_file_as_a_stream(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(f"fs.read:{data}")
    file = guest.open(guest.root(data), "file")
    stream = guest.method("read-via-stream", file, 3)
    drop(guest.running, file)  # the stream keeps the file open
    assert guest.call("io/streams", "[method]input-stream.read", stream, 0) == b""
    assert guest.call("io/streams", "[method]input-stream.skip", stream, 2) == 2
    assert guest.call("io/streams", READ, stream, 3) == b"567"
    assert guest.call("io/streams", READ, stream, 2**64 - 1) == b"89"
    assert guest.refusal("io/streams", READ, stream, 1) == CLOSED


def test_one_call_reads_a_bounded_piece(make_guest: Callable[..., Any], data: Path) -> None:
    with (data / "large").open("wb") as large:
        large.truncate(MAX_CHUNK * 3)
    guest = make_guest(f"fs.read:{data}")
    file = guest.open(guest.root(data), "large")
    contents, ended = guest.method("read", file, 2**64 - 1, 0)
    assert (len(contents), ended) == (MAX_CHUNK, False)
    stream = guest.method("read-via-stream", file, 0)
    assert len(guest.call("io/streams", READ, stream, 2**64 - 1)) == MAX_CHUNK


def test_listing_a_directory(make_guest: Callable[..., Any], data: Path) -> None:
    (data / "link").symlink_to("file")
    os.mkfifo(data / "pipe")
    (data / os.fsdecode(b"not-utf8-\xff")).write_text("x")
    guest = make_guest(f"fs.read:{data}")
    assert guest.names(guest.root(data)) == {
        ("file", "regular-file"),
        ("link", "symbolic-link"),
        ("pipe", "fifo"),
        ("sub", "directory"),
    }
    file = guest.open(guest.root(data), "file")
    assert guest.method_refusal("read-directory", file) == "not-directory"


def test_stat_tells_type_size_and_times(make_guest: Callable[..., Any], data: Path) -> None:
    os.utime(data / "file", ns=(1_500_000_000, 2_000_000_007))
    os.utime(data / "sub", ns=(-1, -(10**9)))
    (data / "link").symlink_to("file")
    guest = make_guest(f"fs.read:{data}")
    base = guest.root(data)
    told = guest.method("stat", guest.open(base, "file"))
    assert told["type"] == "regular-file"
    assert (told["size"], told["link-count"]) == (10, 1)
    assert told["data-access-timestamp"] == {"seconds": 1, "nanoseconds": 500_000_000}
    assert told["data-modification-timestamp"] == {"seconds": 2, "nanoseconds": 7}
    follow = frozenset({"symlink-follow"})
    assert guest.method("stat-at", base, follow, "link") == told
    assert guest.method("stat-at", base, frozenset(), "link")["type"] == "symbolic-link"
    old = guest.method("stat-at", base, follow, "sub")
    assert (old["type"], old["data-modification-timestamp"]) == ("directory", None)
    assert guest.method_refusal("stat-at", base, follow, "none") == "no-entry"
    assert guest.method("get-type", base) == "directory"


def test_metadata_hashes_tell_files_and_changes_apart(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(*both(data))
    base = guest.root(data)
    one = guest.open(base, "file", "read write")
    two = guest.open(base, "sub/deep")
    first = guest.method("metadata-hash", one)
    assert first == guest.method("metadata-hash-at", base, frozenset(), "file")
    assert first != guest.method("metadata-hash", two)
    guest.method("set-size", one, 3)
    assert first != guest.method("metadata-hash", one)
    assert guest.method("is-same-object", one, guest.open(base, "file")) is True
    assert guest.method("is-same-object", one, two) is False


def test_readlink_tells_relative_targets_only(make_guest: Callable[..., Any], data: Path) -> None:
    (data / "near").symlink_to("sub/deep")
    (data / "far").symlink_to("/etc/passwd")
    (data / "odd").symlink_to(os.fsdecode(b"\xff"))
    guest = make_guest(f"fs.read:{data}")
    base = guest.root(data)
    assert guest.method("readlink-at", base, "near") == "sub/deep"
    assert guest.method_refusal("readlink-at", base, "far") == "not-permitted"
    assert guest.method_refusal("readlink-at", base, "odd") == "illegal-byte-sequence"
    assert guest.method_refusal("readlink-at", base, "file") == "invalid"


# --- writing ----------------------------------------------------------------------------------


def test_creating_and_writing_files(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(*both(data))
    base = guest.root(data)
    file = guest.open(base, "new", "read write", "create exclusive")
    assert guest.method("write", file, b"hello", 0) == 5
    stream = guest.method("write-via-stream", file, 4)
    guest.call("io/streams", WRITE, stream, b"0 ")
    guest.call("io/streams", WRITE, stream, b"you")
    for end in (b"!", b"?"):
        guest.call("io/streams", WRITE, guest.method("append-via-stream", file), end)
    guest.method("sync", file)
    guest.method("sync-data", file)
    assert (data / "new").read_bytes() == b"hell0 you!?"
    assert guest.open_refusal(base, "new", "write", "create exclusive") == "exist"
    guest.open(base, "new", "write", "create truncate")
    assert (data / "new").read_bytes() == b""


def test_zeroes_and_splices_reach_a_file(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(*both(data))
    base = guest.root(data)
    source = guest.method("read-via-stream", guest.open(base, "file"), 4)
    sink = guest.method("write-via-stream", guest.open(base, "out", "write", "create"), 0)
    assert guest.call("io/streams", "[method]output-stream.splice", sink, source, 3) == 3
    guest.call("io/streams", "[method]output-stream.blocking-write-zeroes-and-flush", sink, 2)
    assert guest.call("io/streams", "[method]output-stream.blocking-splice", sink, source, 99) == 3
    assert (data / "out").read_bytes() == b"456" + bytes(2) + b"789"


def test_directories_links_and_names(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(*both(data))
    base = guest.root(data)
    guest.method("create-directory-at", base, "made/")
    guest.method("rename-at", base, "file", base, "made/moved")
    guest.method("link-at", base, frozenset(), "made/moved", base, "linked")
    guest.method("symlink-at", base, "../linked", "made/soft")
    assert (data / "made" / "soft").read_bytes() == b"0123456789"
    assert guest.method_refusal("remove-directory-at", base, "made") == "not-empty"
    assert guest.method_refusal("unlink-file-at", base, "made") == "is-directory"
    assert guest.method_refusal("create-directory-at", base, "made") == "exist"
    guest.method("unlink-file-at", base, "made/soft")
    guest.method("unlink-file-at", base, "made/moved")
    guest.method("remove-directory-at", base, "made")
    assert guest.names(base) == {("linked", "regular-file"), ("sub", "directory")}


def test_setting_times(make_guest: Callable[..., Any], data: Path, still_clock: Any) -> None:
    guest = make_guest(*both(data), services=Services(clock=still_clock))
    base = guest.root(data)
    at = ("timestamp", {"seconds": 7, "nanoseconds": 8})
    guest.method("set-times-at", base, frozenset(), "file", at, ("now", None))
    status = (data / "file").stat()
    assert (status.st_atime_ns, status.st_mtime_ns) == (7_000_000_008, still_clock.time_ns)
    guest.method("set-times", guest.open(base, "file"), ("no-change", None), at)
    assert (data / "file").stat().st_atime_ns == 7_000_000_008
    assert (data / "file").stat().st_mtime_ns == 7_000_000_008
    guest.method("set-times", guest.open(base, "sub"), at, at)
    assert (data / "sub").stat().st_mtime_ns == 7_000_000_008
    never = ("timestamp", {"seconds": 2**64 - 1, "nanoseconds": 0})
    assert guest.method_refusal("set-times-at", base, frozenset(), "file", never, at) == "invalid"


def test_advice_is_taken_or_left(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(f"fs.read:{data}")
    base = guest.root(data)
    for advice in ("normal", "sequential", "random", "will-need", "dont-need", "no-reuse"):
        guest.method("advise", guest.open(base, "file"), 0, 10, advice)
        guest.method("advise", base, 0, 10, advice)


def test_flags_say_how_a_file_was_opened(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(f"fs.read:{data}", f"fs.write:{data / 'sub'}")
    base, sub = guest.root(data), guest.root(data / "sub")
    assert guest.method("get-flags", base) == {"read"}
    assert guest.method("get-flags", sub) == {"read", "mutate-directory"}
    assert guest.method("get-flags", guest.open(sub, "deep", "read write")) == {"read", "write"}
    assert guest.method("get-type", guest.open(sub, "deep")) == "regular-file"


def test_a_file_is_used_only_as_it_was_opened(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(*both(data))
    base = guest.root(data)
    reader, writer = guest.open(base, "file", "read"), guest.open(base, "file", "write")
    for name, arguments in [
        ("write", (b"x", 0)),
        ("write-via-stream", (0,)),
        ("append-via-stream", ()),
        ("set-size", (0,)),
    ]:
        assert guest.method_refusal(name, reader, *arguments) == "bad-descriptor"
        assert guest.method_refusal(name, base, *arguments) == "is-directory"
    assert guest.method_refusal("read", writer, 1, 0) == "bad-descriptor"
    assert guest.method_refusal("read-via-stream", writer, 0) == "bad-descriptor"
    assert guest.method_refusal("stat-at", reader, frozenset(), "x") == "not-directory"
    assert (data / "file").read_bytes() == b"0123456789"


@pytest.mark.parametrize(
    ("path", "flags", "how", "code"),
    [
        ("none", "read", "", "no-entry"),
        ("file", "read", "directory", "not-directory"),
        ("sub", "write", "", "is-directory"),
        ("sub", "read", "create", "is-directory"),
        ("new", "read", "create directory", "invalid"),
        ("new/", "write", "create", "invalid"),
        ("file/", "read", "", "not-directory"),
        ("file/x", "read", "", "not-directory"),
    ],
)
def test_what_cannot_be_opened(
    make_guest: Callable[..., Any], data: Path, path: str, flags: str, how: str, code: str
) -> None:
    guest = make_guest(*both(data))
    assert guest.open_refusal(guest.root(data), path, flags, how) == code


def test_a_link_is_opened_only_when_it_may_be_followed(make_guest: Callable[..., Any], data: Path) -> None:
    (data / "link").symlink_to("file")
    (data / "gone").symlink_to("new")
    guest = make_guest(*both(data))
    base = guest.root(data)
    assert guest.open_refusal(base, "link", follow=False) == "loop"
    assert guest.method("read", guest.open(base, "link"), 1, 0) == (b"0", False)
    assert guest.open_refusal(base, "gone", "write", "create exclusive") == "exist"
    guest.open(base, "gone", "write", "create")
    assert (data / "new").exists()


# --- budgets ----------------------------------------------------------------------------------


def test_making_a_file_large_counts_like_writing(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(*both(data), limits=Limits(host_bytes=1000))
    file = guest.open(guest.root(data), "file", "write")
    guest.method("set-size", file, 500)
    with pytest.raises(HostBytesLimitError, match="more than 1000 bytes"):
        guest.method("set-size", file, 2**40)
    guest.new_call()
    with pytest.raises(HostBytesLimitError, match="more than 1000 bytes"):
        guest.method("write", file, b"x", 2**40)
    guest.new_call()
    stream = guest.method("write-via-stream", file, 2**40)
    with pytest.raises(HostBytesLimitError, match="more than 1000 bytes"):
        guest.call("io/streams", WRITE, stream, b"x")
    assert (data / "file").stat().st_size == 500


def test_hoarding_files_ends_in_an_error_code(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(f"fs.read:{data}")
    base = guest.root(data)
    opened = [guest.open(base, "file") for _ in range(MAX_FILES - 1)]
    assert guest.open_refusal(base, "file") == "insufficient-memory"
    assert guest.method_refusal("read-directory", base) == "insufficient-memory"
    drop(guest.running, opened.pop())
    assert guest.method_refusal("read-directory", base) == "insufficient-memory"  # needs two
    drop(guest.running, opened.pop())
    guest.names(base)


def test_dropping_a_listing_half_way_closes_it(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(f"fs.read:{data}")
    base = guest.root(data)
    for _ in range(200):
        drop(guest.running, guest.method("read-directory", base))


def test_a_write_error_reaches_the_guest_with_its_code(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(*both(data))
    file = guest.open(guest.root(data), "file", "write")
    stream = guest.method("append-via-stream", file)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        case, error = guest.refusal("io/streams", WRITE, stream, b"x")
        assert guest.method_refusal("write", file, b"x", 10) == "file-too-large"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert case == "last-operation-failed"
    assert guest.call("filesystem/types", "filesystem-error-code", error) == "file-too-large"


# --- other kinds of files ---------------------------------------------------------------------


def test_pipes_sockets_and_devices_are_never_opened(
    make_guest: Callable[..., Any], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(data / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(data)  # the names of sockets are short
        server.bind("socket")
    guest = make_guest(*both(data), "fs.read:/dev")
    base = guest.root(data)
    for name in ("pipe", "socket"):
        for flags, how in OPENINGS:
            assert guest.open_refusal(base, name, flags, how) == "not-permitted"
    assert guest.open_refusal(guest.roots()["/dev"], "null") == "not-permitted"
    assert guest.method("stat-at", base, frozenset(), "pipe")["type"] == "fifo"


def test_a_descriptor_of_another_kind_ends_the_guest(make_guest: Callable[..., Any], data: Path) -> None:
    guest = make_guest(f"fs.read:{data}")
    stdin = guest.call("cli/stdin", "get-stdin")
    with pytest.raises(SandboxError, match="no open descriptor"):
        guest.method("stat", stdin)
