(component
  ;; include parts/types.wat

  ;; The only thing this guest asks for: one line in the plugin's log.
  (import "hyperhost:host/log@1.0.0" (instance $log
    (type $level' (enum "debug" "info" "warning" "error"))
    (export "level" (type $level (eq $level')))
    (export "write" (func (param "level" $level) (param "message" string)))))

  ;; include parts/memory.wat
  (core func $write (canon lower (func $log "write") (memory $mem)))

  ;; Stands for the compiled secret_scan.c; build.py puts the real bytes in its place.
  (core module $main_module)
  (core instance $main (instantiate $main_module
    (with "env" (instance (export "memory" (memory $mem))))
    (with "log" (instance (export "write" (func $write))))))

  ;; include parts/export.wat
)
