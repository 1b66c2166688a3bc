"""WASI as components use it: real guests, the real linker, the real gate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wasmtime import wat2wasm

import hyperhost
from hyperhost.errors import (
    DeadlineError,
    HostCallLimitError,
    ImportDeniedError,
    OutputLimitError,
)
from hyperhost.sandbox.services import MemoryLog, Services


class Probe:
    @hyperhost.hookspec(firstresult=True)
    def say(self, text: str) -> None:
        """Print ``text`` to standard output."""

    @hyperhost.hookspec(firstresult=True)
    def nap(self, ns: int) -> int:  # type: ignore[empty-body]
        """Sleep, by polling two clocks of which one is far in the future; nanoseconds that took."""

    @hyperhost.hookspec(firstresult=True)
    def read_file(self, path: str) -> str:  # type: ignore[empty-body]
        """Contents of a file in the first directory, "-" without one; a letter for an error code."""


LIBC = """
 (core module $libc-module
  (memory (export "memory") 2)
  (global $top (mut i32) (i32.const 4096))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local i32)
   (local.set 4 (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
   (global.set $top (i32.add (local.get 4) (local.get 3)))
   (local.get 4)))
 (core instance $libc (instantiate $libc-module))
 (alias core export $libc "memory" (core memory $memory))
 (alias core export $libc "realloc" (core func $realloc))
"""

SAY = f"""(component
 (import "wasi:io/error@0.2.3" (instance $io-error (export "error" (type (sub resource)))))
 (alias export $io-error "error" (type $error))
 (import "wasi:io/streams@0.2.3" (instance $streams
  (export "output-stream" (type $stream (sub resource)))
  (alias outer 1 $error (type $outer-error))
  (export "error" (type $error (eq $outer-error)))
  (type $fault-type (variant (case "last-operation-failed" (own $error)) (case "closed")))
  (export "stream-error" (type $fault (eq $fault-type)))
  (export "[method]output-stream.blocking-write-and-flush"
   (func (param "self" (borrow $stream)) (param "contents" (list u8)) (result (result (error $fault)))))))
 (alias export $streams "output-stream" (type $stream))
 (import "wasi:cli/stdout@0.2.3" (instance $stdout
  (alias outer 1 $stream (type $outer-stream))
  (export "output-stream" (type $stream (eq $outer-stream)))
  (export "get-stdout" (func (result (own $stream))))))
 {LIBC}
 (core func $get (canon lower (func $stdout "get-stdout")))
 (core func $drop (canon resource.drop $stream))
 (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
  (memory $memory) (realloc $realloc)))
 (core module $main
  (import "host" "get" (func $get (result i32)))
  (import "host" "drop" (func $drop (param i32)))
  (import "host" "write" (func $write (param i32 i32 i32 i32)))
  (import "libc" "memory" (memory 1))
  (func (export "say") (param $at i32) (param $length i32) (local $out i32)
   (local.set $out (call $get))
   (call $write (local.get $out) (local.get $at) (local.get $length) (i32.const 16))
   (if (i32.load8_u (i32.const 16)) (then unreachable))
   (call $drop (local.get $out))))
 (core instance $main (instantiate $main (with "libc" (instance $libc)) (with "host" (instance
  (export "get" (func $get)) (export "drop" (func $drop)) (export "write" (func $write))))))
 (func (export "say") (param "text" string)
  (canon lift (core func $main "say") (memory $memory) (realloc $realloc))))"""

NAP = f"""(component
 (import "wasi:io/poll@0.2.0" (instance $poll
  (export "pollable" (type $pollable (sub resource)))
  (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
 (alias export $poll "pollable" (type $pollable))
 (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
  (alias outer 1 $pollable (type $outer-pollable))
  (export "pollable" (type $pollable (eq $outer-pollable)))
  (export "now" (func (result u64)))
  (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
 {LIBC}
 (core func $now (canon lower (func $clock "now")))
 (core func $subscribe (canon lower (func $clock "subscribe-duration")))
 (core func $wait (canon lower (func $poll "poll") (memory $memory) (realloc $realloc)))
 (core module $main
  (import "host" "now" (func $now (result i64)))
  (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
  (import "host" "wait" (func $wait (param i32 i32 i32)))
  (import "libc" "memory" (memory 1))
  (func (export "nap") (param $ns i64) (result i64) (local $begin i64)
   (local.set $begin (call $now))
   (i32.store (i32.const 16) (call $subscribe (i64.const -1)))
   (i32.store (i32.const 20) (call $subscribe (local.get $ns)))
   (call $wait (i32.const 16) (i32.const 2) (i32.const 32))
   (if (i32.ne (i32.load (i32.const 36)) (i32.const 1)) (then unreachable))
   (if (i32.ne (i32.load (i32.load (i32.const 32))) (i32.const 1)) (then unreachable))
   (i64.sub (call $now) (local.get $begin))))
 (core instance $main (instantiate $main (with "libc" (instance $libc)) (with "host" (instance
  (export "now" (func $now)) (export "subscribe" (func $subscribe)) (export "wait" (func $wait))))))
 (func (export "nap") (param "ns" s64) (result s64) (canon lift (core func $main "nap"))))"""

# The cases of error-code, in the order that gives them their numbers.
CODES = (
    "access would-block already bad-descriptor busy deadlock quota exist file-too-large "
    "illegal-byte-sequence in-progress interrupted invalid io is-directory loop too-many-links "
    "message-size name-too-long no-device no-entry no-lock insufficient-memory insufficient-space "
    "not-directory not-empty not-recoverable unsupported no-tty no-such-device overflow "
    "not-permitted pipe read-only invalid-seek text-file-busy cross-device"
)
NUMBERS = {code: number for number, code in enumerate(CODES.split())}

READ_FILE = f"""(component
 (import "wasi:filesystem/types@0.2.8" (instance $types
  (export "descriptor" (type $descriptor (sub resource)))
  (type $code-type (enum {" ".join(f'"{code}"' for code in NUMBERS)}))
  (export "error-code" (type $code (eq $code-type)))
  (type $follow-type (flags "symlink-follow"))
  (export "path-flags" (type $follow (eq $follow-type)))
  (type $open-type (flags "create" "directory" "exclusive" "truncate"))
  (export "open-flags" (type $open (eq $open-type)))
  (type $flags-type (flags "read" "write" "file-integrity-sync" "data-integrity-sync"
   "requested-write-sync" "mutate-directory"))
  (export "descriptor-flags" (type $flags (eq $flags-type)))
  (export "[method]descriptor.open-at" (func (param "self" (borrow $descriptor))
   (param "path-flags" $follow) (param "path" string) (param "open-flags" $open) (param "flags" $flags)
   (result (result (own $descriptor) (error $code)))))
  (export "[method]descriptor.read" (func (param "self" (borrow $descriptor)) (param "length" u64)
   (param "offset" u64) (result (result (tuple (list u8) bool) (error $code)))))
  (export "[method]descriptor.is-same-object" (func (param "self" (borrow $descriptor))
   (param "other" (borrow $descriptor)) (result bool)))))
 (alias export $types "descriptor" (type $descriptor))
 (import "wasi:filesystem/preopens@0.2.8" (instance $preopens
  (alias outer 1 $descriptor (type $outer-descriptor))
  (export "descriptor" (type $descriptor (eq $outer-descriptor)))
  (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
 {LIBC}
 (core func $list (canon lower (func $preopens "get-directories") (memory $memory) (realloc $realloc)))
 (core func $open (canon lower (func $types "[method]descriptor.open-at")
  (memory $memory) (realloc $realloc)))
 (core func $read (canon lower (func $types "[method]descriptor.read") (memory $memory) (realloc $realloc)))
 (core func $same (canon lower (func $types "[method]descriptor.is-same-object")))
 (core module $main
  (import "host" "list" (func $list (param i32)))
  (import "host" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
  (import "host" "read" (func $read (param i32 i64 i64 i32)))
  (import "host" "same" (func $same (param i32 i32) (result i32)))
  (import "libc" "memory" (memory 1))
  (func $letter (param $code i32) (result i32)
   (i32.store8 (i32.const 128) (i32.add (local.get $code) (i32.const 65)))
   (i32.store (i32.const 64) (i32.const 128))
   (i32.store (i32.const 68) (i32.const 1))
   (i32.const 64))
  (func (export "read-file") (param $at i32) (param $length i32) (result i32) (local $root i32)
   (call $list (i32.const 16))
   (if (i32.eqz (i32.load (i32.const 20))) (then (return (call $letter (i32.const -20)))))
   (local.set $root (i32.load (i32.load (i32.const 16))))
   (if (i32.eqz (call $same (local.get $root) (local.get $root))) (then unreachable))
   (call $open (local.get $root) (i32.const 1) (local.get $at) (local.get $length)
    (i32.const 0) (i32.const 1) (i32.const 24))
   (if (i32.load8_u (i32.const 24)) (then (return (call $letter (i32.load8_u (i32.const 28))))))
   (call $read (i32.load (i32.const 28)) (i64.const 1000) (i64.const 0) (i32.const 32))
   (if (i32.load8_u (i32.const 32)) (then (return (call $letter (i32.load8_u (i32.const 36))))))
   (i32.store (i32.const 64) (i32.load (i32.const 36)))
   (i32.store (i32.const 68) (i32.load (i32.const 40)))
   (i32.const 64)))
 (core instance $main (instantiate $main (with "libc" (instance $libc)) (with "host" (instance
  (export "list" (func $list)) (export "open" (func $open)) (export "read" (func $read))
  (export "same" (func $same))))))
 (func (export "read-file") (param "path" string) (result string)
  (canon lift (core func $main "read-file") (memory $memory) (realloc $realloc))))"""


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def letter(code: str) -> str:
    return chr(65 + NUMBERS[code])


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def host(log: MemoryLog) -> Iterator[hyperhost.Host]:
    with hyperhost.Host("t", specs=[Probe], services=Services(log=log)) as host:
        yield host


@pytest.fixture
def wasm(tmp_path: Path) -> Path:
    """Where the component under test is put."""
    return tmp_path / "guest.wasm"


def test_a_guest_prints_to_its_log(host: hyperhost.Host, log: MemoryLog, wasm: Path) -> None:
    wasm.write_bytes(wat2wasm(SAY))
    plugin = host.load(wasm)
    host.hook.say(text="Grüße\nand more")
    (first, second) = log.records(plugin.id)
    assert (first.level, first.hook, first.message) == ("info", "say", "Grüße")
    assert second.message == "and more"


def test_a_guest_that_floods_its_log_is_stopped(host: hyperhost.Host, wasm: Path) -> None:
    wasm.write_bytes(wat2wasm(SAY))
    host.load(wasm, limits=hyperhost.Limits(output=100))
    with pytest.raises(OutputLimitError, match="more than 100 bytes"):
        host.hook.say(text="x" * 101)


def test_a_guest_sleeps(host: hyperhost.Host, wasm: Path) -> None:
    wasm.write_bytes(wat2wasm(NAP))
    host.load(wasm, grants=["clock"])
    assert 20_000_000 <= host.hook.nap(ns=20_000_000) < 900_000_000


def test_a_guest_that_sleeps_past_its_deadline_is_stopped(host: hyperhost.Host, wasm: Path) -> None:
    wasm.write_bytes(wat2wasm(NAP))
    host.load(wasm, grants=["clock"], limits=hyperhost.Limits(deadline="60ms"))
    started = time.monotonic()
    with pytest.raises(DeadlineError, match="deadline of 60 ms"):
        host.hook.nap(ns=2**62)
    assert time.monotonic() - started < 5


def test_every_wasi_call_counts_as_a_host_call(host: hyperhost.Host, wasm: Path) -> None:
    wasm.write_bytes(wat2wasm(NAP))
    host.load(wasm, grants=["clock"], limits=hyperhost.Limits(host_calls=4))
    with pytest.raises(HostCallLimitError, match="more than 4 times"):
        host.hook.nap(ns=1)


def test_a_clock_that_was_not_granted_is_not_linked(host: hyperhost.Host, wasm: Path) -> None:
    wasm.write_bytes(wat2wasm(NAP))
    with pytest.raises(ImportDeniedError, match="imports wasi:clocks/monotonic-clock") as caught:
        host.load(wasm)
    assert "hyperhost plugin grant guest clock" in caught.value.hint


@pytest.mark.parametrize("instances", ["per-call", "persistent"])
def test_a_guest_reads_granted_files_and_no_others(
    host: hyperhost.Host, wasm: Path, tmp_path: Path, instances: str
) -> None:
    (tmp_path / "secret").write_text("secret")
    data = tmp_path / "data"
    data.mkdir()
    (data / "file").write_text("contents")
    (data / "out").symlink_to("../secret")
    wasm.write_bytes(wat2wasm(READ_FILE))
    before = open_files()
    plugin = host.load(wasm, grants=[f"fs.read:{data}"], instances=instances)  # type: ignore[arg-type]
    assert host.hook.read_file(path="file") == "contents"
    assert host.hook.read_file(path="none") == letter("no-entry")
    assert host.hook.read_file(path="../secret") == letter("not-permitted")
    assert host.hook.read_file(path="out") == letter("not-permitted")
    assert host.hook.read_file(path="/etc/passwd") == letter("not-permitted")
    plugin.unload()
    assert open_files() == before


def test_file_descriptors_are_closed_when_a_call_fails(
    host: hyperhost.Host, wasm: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("contents")
    wasm.write_bytes(wat2wasm(READ_FILE))
    host.load(wasm, grants=[f"fs.read:{tmp_path}"], limits=hyperhost.Limits(host_calls=3))
    before = open_files()
    with pytest.raises(HostCallLimitError):
        host.hook.read_file(path="file")
    assert open_files() == before


def test_files_revoked_between_two_calls_are_out_of_reach(
    host: hyperhost.Host, wasm: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "file").write_text("contents")
    wasm.write_bytes(wat2wasm(READ_FILE))
    plugin = host.load(wasm, grants=[f"fs.read:{data}", "clock"])
    assert host.hook.read_file(path="file") == "contents"
    plugin.revoke(f"fs.read:{data}")
    assert host.hook.read_file(path="file") == "-"
