(component
  ;; include parts/types.wat
  ;; include parts/memory.wat

  ;; Stands for the compiled license_scan.c; build.py puts the real bytes in its place.
  (core module $main_module)
  (core instance $main (instantiate $main_module
    (with "env" (instance (export "memory" (memory $mem))))))

  ;; include parts/export.wat
)
