"""The guests that are measured, as WebAssembly text; wasmtime turns them into binaries.

Both echo guests do the same work: take the text, copy it once inside of the guest, hand back
the copy.
"""

from __future__ import annotations

_MEMORY = """
    (memory (export "mem") 1)
    (global $top (mut i32) (i32.const 4096))
    (func $realloc (export "realloc") (param $old i32) (param $old_size i32) (param $align i32)
        (param $size i32) (result i32) (local $at i32) (local $need i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
      (global.set $top (i32.add (local.get $at) (local.get $size)))
      (local.set $need (i32.shr_u (i32.add (global.get $top) (i32.const 65535)) (i32.const 16)))
      (if (i32.gt_u (local.get $need) (memory.size))
        (then (if (i32.eq (memory.grow (i32.sub (local.get $need) (memory.size))) (i32.const -1))
          (then unreachable))))
      (memory.copy (local.get $at) (local.get $old) (local.get $old_size))
      (local.get $at))
    (func (export "done") (param i32) (global.set $top (i32.const 4096)))
"""
"""A bump allocator that starts again after each call."""

_LIFT = """(canon lift (core func $i "{function}") (memory (core memory $i "mem"))
      (realloc (core func $i "realloc")) (post-return (core func $i "done")))"""

ECHO_TEXT = f"""
(component
  (core module $m {_MEMORY}
    (func (export "echo") (param $at i32) (param $size i32) (result i32) (local $copy i32)
      (local.set $copy (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (local.get $size)))
      (memory.copy (local.get $copy) (local.get $at) (local.get $size))
      (i32.store (i32.const 16) (local.get $copy))
      (i32.store (i32.const 20) (local.get $size))
      (i32.const 16)))
  (core instance $i (instantiate $m))
  (func (export "echo") (param "text" string) (result string) {_LIFT.format(function="echo")}))
"""
"""``echo(text: str) -> str``."""

ECHO_BYTES = f"""
(component
  (core module $m {_MEMORY}
    (func (export "echo") (param $at i32) (param $size i32) (result i32)
      (i32.store (i32.const 16) (local.get $at))
      (i32.store (i32.const 20) (local.get $size))
      (i32.const 16)))
  (core instance $i (instantiate $m))
  (func (export "echo-bytes") (param "data" (list u8)) (result (list u8)) {_LIFT.format(function="echo")}))
"""
"""``echo_bytes(data: bytes) -> bytes``; the answer is the argument's own memory."""

SPIN = """
(component
  (core module $m
    (func (export "spin") (param $rounds i64) (result i64) (local $x i64)
      (local.set $x (i64.const 88172645463325252))
      (loop $again
        (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
        (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
        (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
        (local.set $rounds (i64.sub (local.get $rounds) (i64.const 1)))
        (br_if $again (i64.gt_s (local.get $rounds) (i64.const 0))))
      (local.get $x)))
  (core instance $i (instantiate $m))
  (func (export "spin") (param "rounds" s64) (result s64) (canon lift (core func $i "spin"))))
"""
"""``spin(rounds: int) -> int``: xorshift, nothing but arithmetic."""

CHECK_RECORD = f"""
(component
  (type $document' (record
    (field "path" string) (field "text" string) (field "language" string) (field "size" s64)
    (field "score" f64) (field "binary" bool) (field "tags" (list string)) (field "owner" (option string))))
  (import "document" (type $document (eq $document')))
  (type $severity' (enum "low" "medium" "high"))
  (import "severity" (type $severity (eq $severity')))
  (type $finding' (record
    (field "rule" string) (field "line" s64) (field "severity" $severity) (field "excerpt" string)))
  (import "finding" (type $finding (eq $finding')))
  (core module $m {_MEMORY}
    ;; three findings at 64, 40 bytes each: rule, line, severity, excerpt
    (data (i32.const 512) "secret-keyAKIAIOSFODNN7EXAMPLE in line of text")
    (data (i32.const 64) "\\00\\02\\00\\00\\0a\\00\\00\\00\\07\\00\\00\\00\\00\\00\\00\\00"
      "\\02\\00\\00\\00\\0a\\02\\00\\00\\24\\00\\00\\00")
    (data (i32.const 96) "\\00\\02\\00\\00\\0a\\00\\00\\00\\2a\\00\\00\\00\\00\\00\\00\\00"
      "\\01\\00\\00\\00\\0a\\02\\00\\00\\24\\00\\00\\00")
    (data (i32.const 128) "\\00\\02\\00\\00\\0a\\00\\00\\00\\ff\\00\\00\\00\\00\\00\\00\\00"
      "\\00\\00\\00\\00\\0a\\02\\00\\00\\24\\00\\00\\00")
    (data (i32.const 16) "\\40\\00\\00\\00\\03\\00\\00\\00")
    (func (export "check") (param i32 i32 i32 i32 i32 i32 i64 f64 i32 i32 i32 i32 i32 i32) (result i32)
      (i32.const 16)))
  (core instance $i (instantiate $m))
  (func (export "check") (param "document" $document) (result (list $finding))
    {_LIFT.format(function="check")}))
"""
"""``check(document: Document) -> list[Finding]``; a record of 8 fields in, 3 records of 4 fields out."""

EXTISM_ECHO = """
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "echo") (result i32)
    (local $size i64) (local $at i64) (local $done i64) (local $words i64)
    (local.set $size (call $input_length))
    (local.set $at (call $alloc (local.get $size)))
    (local.set $words (i64.and (local.get $size) (i64.const -8)))
    (block $no_words
      (br_if $no_words (i64.eqz (local.get $words)))
      (loop $word
        (call $store_u64 (i64.add (local.get $at) (local.get $done)) (call $input_load_u64 (local.get $done)))
        (local.set $done (i64.add (local.get $done) (i64.const 8)))
        (br_if $word (i64.lt_u (local.get $done) (local.get $words)))))
    (block $no_bytes
      (br_if $no_bytes (i64.ge_u (local.get $done) (local.get $size)))
      (loop $byte
        (call $store_u8 (i64.add (local.get $at) (local.get $done)) (call $input_load_u8 (local.get $done)))
        (local.set $done (i64.add (local.get $done) (i64.const 1)))
        (br_if $byte (i64.lt_u (local.get $done) (local.get $size)))))
    (call $output_set (local.get $at) (local.get $size))
    (i32.const 0)))
"""
"""The same echo as an Extism plugin: input copied to a new block of its memory, 8 bytes at a time."""

EXTISM_ECHO_UNCOPIED = """
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "echo") (result i32)
    (call $output_set (call $input_offset) (call $input_length))
    (i32.const 0)))
"""
"""An echo that hands its input back without copying it: the least an Extism plugin can do."""

ASK_THE_TIME = """
(component
  (import "hyperhost:host/clock@1.0.0" (instance $clock (export "now" (func (result u64)))))
  (core func $now (canon lower (func $clock "now")))
  (core module $m
    (import "host" "now" (func $now (result i64)))
    (func (export "spin") (param $rounds i64) (result i64) (local $x i64)
      (loop $again
        (local.set $x (call $now))
        (local.set $rounds (i64.sub (local.get $rounds) (i64.const 1)))
        (br_if $again (i64.gt_s (local.get $rounds) (i64.const 0))))
      (local.get $x)))
  (core instance $i (instantiate $m (with "host" (instance (export "now" (func $now))))))
  (func (export "spin") (param "rounds" s64) (result s64) (canon lift (core func $i "spin"))))
"""
"""``spin(rounds: int) -> int``: asks the host for the time so many times."""
