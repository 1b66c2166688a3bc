;; Reports lines that begin with "<<<<<<< ", the mark of an unresolved merge conflict.
;; build.py turns this text into acme_conflict_scan/conflict_scan.wasm, which the wheel ships.
(component
  (type $severity' (enum "low" "medium" "high"))
  (import "severity" (type $severity (eq $severity')))
  (type $finding' (record
    (field "rule" string) (field "line" s64) (field "severity" $severity) (field "excerpt" string)))
  (import "finding" (type $finding (eq $finding')))

  (import "hyperhost:host/log@1.0.0" (instance $log
    (type $level' (enum "debug" "info" "warning" "error"))
    (export "level" (type $level (eq $level')))
    (export "write" (func (param "level" $level) (param "message" string)))))

  ;; From 4096 on there is room for 100 findings of 32 bytes; arguments begin at 8192.
  (core module $memory
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 8192))
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (local $start i32)
      (local $pages i32)
      (local.set $start (global.get $top))
      (global.set $top (i32.add (local.get $start) (local.get $size)))
      ;; Grow to what is needed; a host that allows less ends the call.
      (local.set $pages (i32.sub
        (i32.shr_u (i32.add (global.get $top) (i32.const 65535)) (i32.const 16))
        (memory.size)))
      (if (i32.gt_s (local.get $pages) (i32.const 0))
        (then (if (i32.eq (memory.grow (local.get $pages)) (i32.const -1)) (then unreachable))))
      (local.get $start)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $write (canon lower (func $log "write") (memory $mem)))

  (core module $main
    (import "env" "memory" (memory 1))
    (import "log" "write" (func $write (param $level i32) (param $text i32) (param $length i32)))
    (data (i32.const 64) "merge/conflict")  ;; 14 bytes

    ;; Whether "<<<<<<< " stands at $at.
    (func $marks (param $at i32) (param $end i32) (result i32)
      (if (i32.gt_u (i32.const 8) (i32.sub (local.get $end) (local.get $at))) (then (return (i32.const 0))))
      (i64.eq (i64.load align=1 (local.get $at)) (i64.const 0x203c3c3c3c3c3c3c)))

    ;; The answer is a list: its address and length at 16.
    (func (export "check-text")
      (param $path i32) (param $path_length i32) (param $at i32) (param $length i32) (result i32)
      (local $end i32) (local $stop i32) (local $line i64) (local $count i32) (local $item i32)
      (local.set $end (i32.add (local.get $at) (local.get $length)))
      (local.set $item (i32.const 4096))
      (block $done (loop $next_line
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (br_if $done (i32.ge_u (local.get $count) (i32.const 100)))
        (local.set $line (i64.add (local.get $line) (i64.const 1)))
        (local.set $stop (local.get $at))
        (block $line_ends (loop $byte
          (br_if $line_ends (i32.ge_u (local.get $stop) (local.get $end)))
          (br_if $line_ends (i32.eq (i32.load8_u (local.get $stop)) (i32.const 10)))
          (local.set $stop (i32.add (local.get $stop) (i32.const 1)))
          (br $byte)))
        (if (call $marks (local.get $at) (local.get $end))
          (then
            ;; rule, line, severity (high), excerpt: the line itself
            (i32.store (local.get $item) (i32.const 64))
            (i32.store offset=4 (local.get $item) (i32.const 14))
            (i64.store offset=8 (local.get $item) (local.get $line))
            (i32.store8 offset=16 (local.get $item) (i32.const 2))
            (i32.store offset=20 (local.get $item) (local.get $at))
            (i32.store offset=24 (local.get $item) (i32.sub (local.get $stop) (local.get $at)))
            (local.set $item (i32.add (local.get $item) (i32.const 32)))
            (local.set $count (i32.add (local.get $count) (i32.const 1)))))
        (local.set $at (i32.add (local.get $stop) (i32.const 1)))
        (br $next_line)))
      (if (local.get $count)
        (then (call $write (i32.const 1) (local.get $path) (local.get $path_length))))
      (i32.store (i32.const 16) (i32.const 4096))
      (i32.store (i32.const 20) (local.get $count))
      (i32.const 16)))
  (core instance $main (instantiate $main
    (with "env" (instance (export "memory" (memory $mem))))
    (with "log" (instance (export "write" (func $write))))))

  (func (export "check-text") (param "path" string) (param "text" string) (result (list $finding))
    (canon lift (core func $main "check-text") (memory $mem) (realloc $realloc))))
