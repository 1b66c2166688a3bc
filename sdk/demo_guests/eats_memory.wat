;; Takes memory page by page, writes to each so that it is really used, and traps when refused
;; one more: the demo shows that it is stopped at its memory limit.
(component
  ;; include parts/types.wat
  ;; include parts/memory.wat
  (core module $main_module
    (import "env" "memory" (memory 2))
    (func (export "check_text") (param i32 i32 i32 i32) (result i32)
      (local $page i32)
      (loop $more
        (local.set $page (memory.grow (i32.const 1)))
        (if (i32.eq (local.get $page) (i32.const -1)) (then (unreachable)))
        (i32.store (i32.shl (local.get $page) (i32.const 16)) (i32.const 1))
        (br $more))
      unreachable))
  (core instance $main (instantiate $main_module
    (with "env" (instance (export "memory" (memory $mem))))))
  ;; include parts/export.wat
)
