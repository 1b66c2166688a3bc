;; A storage provider as a component: a catalogue of two artifacts that nobody can change.
;;
;; It answers two hooks of the service. Of the record Artifact it fills in the five fields that have
;; no default; a guest may leave out the others, and the host gives them their defaults. It imports
;; nothing of the host: these imports only name types, as the type of an export must.
(component
  (type $artifact-type' (enum "plugin" "service" "config" "template" "library" "theme"))
  (import "artifact-type" (type $artifact-type (eq $artifact-type')))
  (type $artifact' (record
    (field "id" string) (field "namespace" string) (field "name" string)
    (field "type" $artifact-type) (field "version" string)))
  (import "artifact" (type $artifact (eq $artifact')))
  (type $storage-totals' (record
    (field "artifacts" u64) (field "contents" u64) (field "content-bytes" u64)))
  (import "storage-totals" (type $storage-totals (eq $storage-totals')))

  (core module $m
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 4096))

    (data (i32.const 0x200) "01890000-0000-7000-8000-000000000001")
    (data (i32.const 0x230) "01890000-0000-7000-8000-000000000002")
    (data (i32.const 0x260) "org.acme")
    (data (i32.const 0x270) "auth")
    (data (i32.const 0x280) "1.2.3")
    (data (i32.const 0x290) "gateway")
    (data (i32.const 0x2a0) "2.0.0")

    ;; The two answers, 40 bytes each: some (1), then the fields. Text is its address and length.
    (data (i32.const 0x100) "\01\00\00\00"
      "\00\02\00\00" "\24\00\00\00"   ;; id
      "\60\02\00\00" "\08\00\00\00"   ;; namespace
      "\70\02\00\00" "\04\00\00\00"   ;; name
      "\04\00\00\00"                  ;; type: library
      "\80\02\00\00" "\05\00\00\00")  ;; version
    (data (i32.const 0x128) "\01\00\00\00"
      "\30\02\00\00" "\24\00\00\00"
      "\60\02\00\00" "\08\00\00\00"
      "\90\02\00\00" "\07\00\00\00"
      "\01\00\00\00"                  ;; type: service
      "\a0\02\00\00" "\05\00\00\00")

    (data (i32.const 0x180) "\02")  ;; storage-totals: 2 artifacts, and no content

    ;; Where the host puts the argument. An instance lives for one call, so nothing is freed.
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start (global.get $top))
      (global.set $top (i32.add (local.get $start) (local.get $size)))
      (if (i32.gt_u (global.get $top) (i32.const 65536)) (then unreachable))
      (local.get $start))

    ;; Whether the text is the id of the answer at $entry.
    (func $names (param $text i32) (param $length i32) (param $entry i32) (result i32)
      (local $id i32)
      (if (i32.ne (local.get $length) (i32.load offset=8 (local.get $entry))) (then (return (i32.const 0))))
      (local.set $id (i32.load offset=4 (local.get $entry)))
      (loop $next
        (local.set $length (i32.sub (local.get $length) (i32.const 1)))
        (if (i32.ne
              (i32.load8_u (i32.add (local.get $text) (local.get $length)))
              (i32.load8_u (i32.add (local.get $id) (local.get $length))))
          (then (return (i32.const 0))))
        (br_if $next (local.get $length)))
      (i32.const 1))

    ;; The address of the answer; at address 0 there is a zero, which says "none".
    (func (export "storage-get-artifact") (param $id i32) (param $length i32) (result i32)
      (if (call $names (local.get $id) (local.get $length) (i32.const 0x100))
        (then (return (i32.const 0x100))))
      (if (call $names (local.get $id) (local.get $length) (i32.const 0x128))
        (then (return (i32.const 0x128))))
      (i32.const 0))

    (func (export "storage-usage") (result i32) (i32.const 0x180)))
  (core instance $i (instantiate $m))

  (func (export "storage-get-artifact") (param "artifact-id" string) (result (option $artifact))
    (canon lift (core func $i "storage-get-artifact")
      (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (func (export "storage-usage") (result $storage-totals)
    (canon lift (core func $i "storage-usage") (memory (core memory $i "memory")))))
