"""Hostile components that use WASI, whose resources need more text than :mod:`wat` writes."""

from __future__ import annotations

from wat import BUMP

LIBC = f"""
 (core module $libc-module (memory (export "memory") 2) (global $top (mut i32) (i32.const 4096)) {BUMP})
 (core instance $libc (instantiate $libc-module))
 (alias core export $libc "memory" (core memory $memory))
 (alias core export $libc "realloc" (core func $realloc))
"""

CODES = [
    "access",
    "would-block",
    "already",
    "bad-descriptor",
    "busy",
    "deadlock",
    "quota",
    "exist",
    "file-too-large",
    "illegal-byte-sequence",
    "in-progress",
    "interrupted",
    "invalid",
    "io",
    "is-directory",
    "loop",
    "too-many-links",
    "message-size",
    "name-too-long",
    "no-device",
    "no-entry",
    "no-lock",
    "insufficient-memory",
    "insufficient-space",
    "not-directory",
    "not-empty",
    "not-recoverable",
    "unsupported",
    "no-tty",
    "no-such-device",
    "overflow",
    "not-permitted",
    "pipe",
    "read-only",
    "invalid-seek",
    "text-file-busy",
    "cross-device",
]
"""The cases of ``error-code``, in the order that gives them their numbers."""


def printing(body: str) -> str:
    """A guest whose hook ``run`` does ``body`` with ``$get``, ``$write``, ``$drop`` and a local ``$out``."""
    return f"""(component
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
  (data (i32.const 1024) "one\\1b[2J\\0dtwo\\0aINFO forged")
  (func (export "run") (param $n i64) (result i64) (local $out i32) {body}))
 (core instance $main (instantiate $main (with "libc" (instance $libc)) (with "host" (instance
  (export "get" (func $get)) (export "drop" (func $drop)) (export "write" (func $write))))))
 (func (export "run") (param "n" s64) (result s64) (canon lift (core func $main "run"))))"""


POLL = f"""(component
 (import "wasi:io/poll@0.2.0" (instance $poll
  (export "pollable" (type $pollable (sub resource)))
  (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
 (alias export $poll "pollable" (type $pollable))
 (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
  (alias outer 1 $pollable (type $outer-pollable))
  (export "pollable" (type $pollable (eq $outer-pollable)))
  (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
 {LIBC}
 (core func $subscribe (canon lower (func $clock "subscribe-duration")))
 (core func $wait (canon lower (func $poll "poll") (memory $memory) (realloc $realloc)))
 (core module $main
  (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
  (import "host" "wait" (func $wait (param i32 i32 i32)))
  (import "libc" "memory" (memory 1))
  (func (export "run") (param $n i64) (result i64)
   (i32.store (i32.const 16) (call $subscribe (local.get $n)))
   (call $wait (i32.const 16) (i32.const 1) (i32.const 32))
   (i64.const 1)))
 (core instance $main (instantiate $main (with "libc" (instance $libc)) (with "host" (instance
  (export "subscribe" (func $subscribe)) (export "wait" (func $wait))))))
 (func (export "run") (param "n" s64) (result s64) (canon lift (core func $main "run"))))"""
"""Polls a clock that is ``n`` nanoseconds away."""


READ = f"""(component
 (import "wasi:filesystem/types@0.2.8" (instance $types
  (export "descriptor" (type $descriptor (sub resource)))
  (type $code-type (enum {" ".join(f'"{code}"' for code in CODES)}))
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
   (param "offset" u64) (result (result (tuple (list u8) bool) (error $code)))))))
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
 (core module $main
  (import "host" "list" (func $list (param i32)))
  (import "host" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
  (import "host" "read" (func $read (param i32 i64 i64 i32)))
  (import "libc" "memory" (memory 1))
  (func $letter (param $code i32) (result i32)
   (i32.store8 (i32.const 128) (i32.add (local.get $code) (i32.const 65)))
   (i32.store (i32.const 64) (i32.const 128))
   (i32.store (i32.const 68) (i32.const 1))
   (i32.const 64))
  (func (export "text") (param $at i32) (param $length i32) (result i32)
   (call $list (i32.const 16))
   (if (i32.eqz (i32.load (i32.const 20))) (then (return (call $letter (i32.const -20)))))
   (call $open (i32.load (i32.load (i32.const 16))) (i32.const 1) (local.get $at) (local.get $length)
    (i32.const 0) (i32.const 1) (i32.const 24))
   (if (i32.load8_u (i32.const 24)) (then (return (call $letter (i32.load8_u (i32.const 28))))))
   (call $read (i32.load (i32.const 28)) (i64.const 1000) (i64.const 0) (i32.const 32))
   (if (i32.load8_u (i32.const 32)) (then (return (call $letter (i32.load8_u (i32.const 36))))))
   (i32.store (i32.const 64) (i32.load (i32.const 36)))
   (i32.store (i32.const 68) (i32.load (i32.const 40)))
   (i32.const 64)))
 (core instance $main (instantiate $main (with "libc" (instance $libc)) (with "host" (instance
  (export "list" (func $list)) (export "open" (func $open)) (export "read" (func $read))))))
 (func (export "text") (param "text" string) (result string)
  (canon lift (core func $main "text") (memory $memory) (realloc $realloc))))"""
"""Answers with what is in the file ``text`` of the first open directory, or a letter for an error code."""


def letter(code: str) -> str:
    """What :data:`READ` answers for an error code."""
    return chr(65 + CODES.index(code))


FETCH = f"""(component
 (import "hyperhost:host/http@1.0.0" (instance $http
  (type $request' (record (field "method" string) (field "url" string)
   (field "headers" (list (tuple string string))) (field "body" (list u8)) (field "timeout-ms" (option u32))))
  (export "http-request" (type $request (eq $request')))
  (type $response' (record (field "status" u16) (field "headers" (list (tuple string string)))
   (field "body" (list u8)) (field "url" string)))
  (export "http-response" (type $response (eq $response')))
  (type $kind' (enum "denied" "timeout" "too-large" "dns" "connect" "tls" "protocol" "redirects"))
  (export "kind" (type $kind (eq $kind')))
  (type $error' (record (field "kind" $kind) (field "message" string)))
  (export "http-error" (type $error (eq $error')))
  (export "fetch" (func (param "request" $request) (result (result $response (error $error)))))))
 {LIBC}
 (core func $fetch (canon lower (func $http "fetch") (memory $memory) (realloc $realloc)))
 (core module $main
  (import "host" "fetch" (func $fetch (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "libc" "memory" (memory 1))
  (data (i32.const 16) "GET")
  (func (export "text") (param $at i32) (param $length i32) (result i32)
   (call $fetch (i32.const 16) (i32.const 3) (local.get $at) (local.get $length) (i32.const 0) (i32.const 0)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 128))
   ;; the body of a response, or the message of an error: both lie 8 bytes after the case's beginning
   (i32.store (i32.const 64) (select (i32.load (i32.const 136)) (i32.load (i32.const 144))
    (i32.load8_u (i32.const 128))))
   (i32.store (i32.const 68) (select (i32.load (i32.const 140)) (i32.load (i32.const 148))
    (i32.load8_u (i32.const 128))))
   (i32.const 64)))
 (core instance $main (instantiate $main (with "libc" (instance $libc)) (with "host" (instance
  (export "fetch" (func $fetch))))))
 (func (export "text") (param "text" string) (result string)
  (canon lift (core func $main "text") (memory $memory) (realloc $realloc))))"""
"""Answers with the body behind the address ``text``, or with the message of the error."""
