;; Faults in every call: the demo shows that it is put into quarantine.
(component
  ;; include parts/types.wat
  ;; include parts/memory.wat
  (core module $main_module
    (func (export "check_text") (param i32 i32 i32 i32) (result i32)
      unreachable))
  (core instance $main (instantiate $main_module))
  ;; include parts/export.wat
)
