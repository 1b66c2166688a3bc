;; Finds #hashtags in a mail. It has a bug of the usual kind: behind a # without letters it never
;; moves on. In a sandbox with a deadline that costs one answer, not the program.
(component
  (type $mail' (record (field "body" string)))
  (import "mail" (type $mail (eq $mail')))

  (core module $m
    (memory (export "memory") 4)
    (global $top (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start (global.get $top))
      (global.set $top (i32.add (local.get $start) (local.get $size)))
      (if (i32.gt_u (global.get $top) (i32.const 0x40000)) (then unreachable))
      (local.get $start))

    (func $is_letter (param $byte i32) (result i32)
      (i32.lt_u (i32.sub (i32.or (local.get $byte) (i32.const 32)) (i32.const 97)) (i32.const 26)))

    ;; The answer is a list: its address and length at 8, its items (address and length) from 16.
    (func (export "tag-mail") (param $at i32) (param $length i32) (result i32)
      (local $end i32) (local $word i32) (local $count i32) (local $item i32)
      (local.set $end (i32.add (local.get $at) (local.get $length)))
      (block $done (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (br_if $done (i32.ge_u (local.get $count) (i32.const 100)))
        (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 35))
          (then (local.set $at (i32.add (local.get $at) (i32.const 1))) (br $next)))
        (local.set $word (i32.add (local.get $at) (i32.const 1)))
        (block $ended (loop $letter
          (br_if $ended (i32.ge_u (local.get $word) (local.get $end)))
          (br_if $ended (i32.eqz (call $is_letter (i32.load8_u (local.get $word)))))
          (local.set $word (i32.add (local.get $word) (i32.const 1)))
          (br $letter)))
        ;; The bug: without letters $at stays where it is.
        (br_if $next (i32.eq (local.get $word) (i32.add (local.get $at) (i32.const 1))))
        (local.set $item (i32.add (i32.const 16) (i32.mul (local.get $count) (i32.const 8))))
        (i32.store (local.get $item) (i32.add (local.get $at) (i32.const 1)))
        (i32.store offset=4 (local.get $item)
          (i32.sub (local.get $word) (i32.add (local.get $at) (i32.const 1))))
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (local.set $at (local.get $word))
        (br $next)))
      (i32.store (i32.const 8) (i32.const 16))
      (i32.store (i32.const 12) (local.get $count))
      (i32.const 8)))
  (core instance $i (instantiate $m))

  (func (export "tag-mail") (param "mail" $mail) (result (list string))
    (canon lift (core func $i "tag-mail")
      (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
