;; Never returns: the demo shows that it is stopped at its deadline.
(component
  ;; include parts/types.wat
  ;; include parts/memory.wat
  (core module $main_module
    (func (export "check_text") (param i32 i32 i32 i32) (result i32)
      (loop $forever (br $forever))
      unreachable))
  (core instance $main (instantiate $main_module))
  ;; include parts/export.wat
)
