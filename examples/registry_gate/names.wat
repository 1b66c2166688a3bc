;; A gate as a component: no name in the registry may begin with "tmp-".
;;
;; It answers artifact-validate. Of the change it asks for the fields that it looks at; a guest may
;; leave out those that have a default. It imports nothing of the host: these imports only name types.
(component
  (type $change-kind' (enum "created" "updated" "published" "deprecated" "deleted"))
  (import "change-kind" (type $change-kind (eq $change-kind')))
  (type $artifact-type' (enum "plugin" "service" "config" "template" "library" "theme"))
  (import "artifact-type" (type $artifact-type (eq $artifact-type')))
  (type $artifact' (record
    (field "id" string) (field "namespace" string) (field "name" string)
    (field "type" $artifact-type) (field "version" string)))
  (import "artifact" (type $artifact (eq $artifact')))
  (type $artifact-change' (record (field "kind" $change-kind) (field "artifact" $artifact)))
  (import "artifact-change" (type $artifact-change (eq $artifact-change')))
  (type $issue-severity' (enum "low" "medium" "high" "critical"))
  (import "issue-severity" (type $issue-severity (eq $issue-severity')))
  (type $validation-issue' (record
    (field "rule" string) (field "message" string) (field "severity" $issue-severity) (field "path" string)))
  (import "validation-issue" (type $validation-issue (eq $validation-issue')))
  (type $refusal' (record (field "reason" string) (field "rule" string)))
  (import "refusal" (type $refusal (eq $refusal')))

  (core module $m
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 4096))

    (data (i32.const 0x200) "tmp-")
    (data (i32.const 0x210) "a name that begins with tmp- is not for keeps")
    (data (i32.const 0x240) "names.temporary")

    ;; The two answers: ok (0) with an empty list, and err (1) with reason and rule.
    (data (i32.const 0x100) "\00\00\00\00" "\00\00\00\00" "\00\00\00\00")
    (data (i32.const 0x120) "\01\00\00\00"
      "\10\02\00\00" "\2d\00\00\00"   ;; reason
      "\40\02\00\00" "\0f\00\00\00")  ;; rule

    ;; Where the host puts the argument. An instance lives for one call, so nothing is freed.
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start (global.get $top))
      (global.set $top (i32.add (local.get $start) (local.get $size)))
      (if (i32.gt_u (global.get $top) (i32.const 65536)) (then unreachable))
      (local.get $start))

    (func (export "artifact-validate")
      (param $kind i32) (param $id i32) (param $id-length i32) (param $namespace i32)
      (param $namespace-length i32) (param $name i32) (param $name-length i32) (param $type i32)
      (param $version i32) (param $version-length i32) (result i32)
      (if (i32.lt_u (local.get $name-length) (i32.const 4)) (then (return (i32.const 0x100))))
      (if (i32.eq (i32.load align=1 (local.get $name)) (i32.load (i32.const 0x200)))
        (then (return (i32.const 0x120))))
      (i32.const 0x100)))
  (core instance $i (instantiate $m))

  (func (export "artifact-validate")
    (param "change" $artifact-change) (result (result (list $validation-issue) (error $refusal)))
    (canon lift (core func $i "artifact-validate")
      (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
