  ;; The memory every guest works in. The first two pages belong to the main module (stack and
  ;; static data); all above is a bump allocator for arguments, emptied after each call.
  (core module $memory_module
    (memory (export "memory") 2)
    (global $top (mut i32) (i32.const 131072))

    ;; The canonical ABI's realloc: (old, old size, alignment, new size) -> address.
    ;; Traps when memory cannot grow, so that the host sees an out-of-memory fault.
    (func (export "realloc")
        (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $address i32)
      (local $end i64)
      (local.set $address
        (i32.and
          (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
      (local.set $end
        (i64.add (i64.extend_i32_u (local.get $address)) (i64.extend_i32_u (local.get $size))))
      (if (i64.gt_u (local.get $end) (i64.const 0xffff0000)) (then (unreachable)))
      (if (i64.gt_u (local.get $end) (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
        (then
          (if (i32.eq (i32.const -1)
                (memory.grow
                  (i32.sub
                    (i32.wrap_i64
                      (i64.shr_u (i64.add (local.get $end) (i64.const 0xffff)) (i64.const 16)))
                    (memory.size))))
            (then (unreachable)))))
      (if (local.get $old_size)
        (then
          (memory.copy (local.get $address) (local.get $old)
            (select (local.get $old_size) (local.get $size)
              (i32.lt_u (local.get $old_size) (local.get $size))))))
      (global.set $top (i32.wrap_i64 (local.get $end)))
      (local.get $address))

    ;; Called by the host when it has read the result: the arguments are done with.
    (func (export "reset") (param $result i32)
      (global.set $top (i32.const 131072))))
  (core instance $memory (instantiate $memory_module))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
  (alias core export $memory "reset" (core func $reset))
