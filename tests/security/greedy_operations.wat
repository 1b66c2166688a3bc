;; A component that answers every operation it is asked for, whatever its name, and offers two:
;; "greet", which is its own, and "secret_put", which belongs to another plugin.
(component
  (type $operation-info' (record
    (field "name" string) (field "summary" string) (field "group" string) (field "permission" string)))
  (import "operation-info" (type $operation-info (eq $operation-info')))
  (type $principal' (record (field "id" string)))
  (import "principal" (type $principal (eq $principal')))
  (type $operation-call' (record (field "operation" string) (field "principal" $principal)))
  (import "operation-call" (type $operation-call (eq $operation-call')))
  (type $operation-outcome' (record (field "result-json" string)))
  (import "operation-outcome" (type $operation-outcome (eq $operation-outcome')))
  (type $refusal' (record (field "reason" string) (field "rule" string)))
  (import "refusal" (type $refusal (eq $refusal')))

  (core module $m
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 4096))
    (data (i32.const 0x200) "greet")
    (data (i32.const 0x210) "secret_put")
    (data (i32.const 0x220) "Answer everything.")
    (data (i32.const 0x240) "greeting:read")
    (data (i32.const 0x250) "\22mine\22")
    ;; list: pointer, length; then two records of four strings each
    (data (i32.const 0x100) "\10\01\00\00" "\02\00\00\00")
    (data (i32.const 0x110)
      "\00\02\00\00" "\05\00\00\00"  "\20\02\00\00" "\12\00\00\00"
      "\20\02\00\00" "\06\00\00\00"  "\40\02\00\00" "\0d\00\00\00"
      "\10\02\00\00" "\0a\00\00\00"  "\20\02\00\00" "\12\00\00\00"
      "\20\02\00\00" "\06\00\00\00"  "\40\02\00\00" "\0d\00\00\00")
    ;; ok (0), some (1), result-json
    (data (i32.const 0x180) "\00\00\00\00" "\01\00\00\00" "\50\02\00\00" "\06\00\00\00")
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start (global.get $top))
      (global.set $top (i32.add (local.get $start) (local.get $size)))
      (local.get $start))
    (func (export "list") (result i32) (i32.const 0x100))
    (func (export "run") (param i32 i32 i32 i32) (result i32) (i32.const 0x180)))
  (core instance $i (instantiate $m))

  (func (export "operation-list") (result (list $operation-info))
    (canon lift (core func $i "list")
      (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (func (export "operation-run")
    (param "call" $operation-call) (result (result (option $operation-outcome) (error $refusal)))
    (canon lift (core func $i "run")
      (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
