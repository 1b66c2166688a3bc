;; A storage provider as a component: answers storage-get-artifact for one id, and storage-usage.
;;
;; It shows that the service can be answered from the sandbox, and every byte of it can be read
;; here: the answer is laid out in memory as the canonical ABI wants it (little endian, each
;; field at a multiple of its alignment, text and lists as address and length, options and enums
;; by a leading byte). What is zero is left out. It asks the host for nothing: the imports only
;; name types, as they must for records in the type of an export.
(component
  (type $artifact-type' (enum "plugin" "service" "config" "template" "library" "theme"))
  (import "artifact-type" (type $artifact-type (eq $artifact-type')))
  (type $visibility' (enum "public" "private" "internal"))
  (import "visibility" (type $visibility (eq $visibility')))
  (type $artifact-state' (enum "draft" "published" "deprecated" "archived"))
  (import "artifact-state" (type $artifact-state (eq $artifact-state')))
  (type $artifact-metadata' (record
    (field "description" string) (field "author" string) (field "licenses" (list string))
    (field "tags" (list string)) (field "keywords" (list string)) (field "homepage" string)
    (field "repository" string)))
  (import "artifact-metadata" (type $artifact-metadata (eq $artifact-metadata')))
  (type $content-info' (record (field "hash" string) (field "size" u64) (field "uri" (option string))))
  (import "content-info" (type $content-info (eq $content-info')))
  (type $dependency-type' (enum "runtime" "dev" "build" "peer"))
  (import "dependency-type" (type $dependency-type (eq $dependency-type')))
  (type $dependency-condition' (record
    (field "os" (list string)) (field "arch" (list string)) (field "env" (list string))
    (field "feature" (list string))))
  (import "dependency-condition" (type $dependency-condition (eq $dependency-condition')))
  (type $dependency' (record
    (field "artifact" string) (field "constraint" string) (field "type" $dependency-type)
    (field "optional" bool) (field "registry" (option string)) (field "scope" (option string))
    (field "condition" (option $dependency-condition)) (field "reason" string)))
  (import "dependency" (type $dependency (eq $dependency')))
  (type $publisher' (record
    (field "id" string) (field "name" string) (field "email" string) (field "url" string)))
  (import "publisher" (type $publisher (eq $publisher')))
  (type $signer-role' (enum "publisher" "registry"))
  (import "signer-role" (type $signer-role (eq $signer-role')))
  (type $signature' (record
    (field "key-id" string) (field "algorithm" string) (field "value" (list u8))
    (field "signed-at-us" s64) (field "signer" $signer-role)))
  (import "signature" (type $signature (eq $signature')))
  (type $artifact-activity' (record
    (field "created-at-us" s64) (field "updated-at-us" s64) (field "published-at-us" (option s64))
    (field "download-count" u64) (field "rating" f64)))
  (import "artifact-activity" (type $artifact-activity (eq $artifact-activity')))
  (type $deprecation' (record
    (field "deprecated-at-us" s64) (field "reason" string) (field "removed-at-us" (option s64))
    (field "replacement" (option string)) (field "alternate-versions" (list string))))
  (import "deprecation" (type $deprecation (eq $deprecation')))
  (type $artifact' (record
    (field "id" string) (field "namespace" string) (field "name" string)
    (field "type" $artifact-type) (field "version" string) (field "visibility" $visibility)
    (field "state" $artifact-state) (field "metadata" $artifact-metadata)
    (field "labels" (list (tuple string string))) (field "annotations" (list (tuple string string)))
    (field "content" (option $content-info)) (field "dependencies" (list $dependency))
    (field "publisher" (option $publisher)) (field "signatures" (list $signature))
    (field "activity" $artifact-activity) (field "deprecation" (option $deprecation))))
  (import "artifact" (type $artifact (eq $artifact')))
  (type $storage-totals' (record
    (field "artifacts" u64) (field "contents" u64) (field "content-bytes" u64)))
  (import "storage-totals" (type $storage-totals (eq $storage-totals')))

  (core module $m
    (memory (export "mem") 1)
    (global $heap (mut i32) (i32.const 4096))

    ;; option<artifact> at 1024: the record starts at 1032
    (data (i32.const 1024) "\01")  ;; there is one
    (data (i32.const 1032) "\00\08\00\00\24\00\00\00")  ;; id = '01890000-0000-7000-8000-000000000001'
    (data (i32.const 1040) "\24\08\00\00\08\00\00\00")  ;; namespace = 'org.acme'
    (data (i32.const 1048) "\2c\08\00\00\04\00\00\00")  ;; name = 'auth'
    (data (i32.const 1056) "\04")  ;; type = library
    (data (i32.const 1060) "\30\08\00\00\05\00\00\00")  ;; version = '1.2.3'
    (data (i32.const 1069) "\01")  ;; state = published
    (data (i32.const 1072) "\35\08\00\00\0f\00\00\00")  ;; metadata.description = 'Signs people in'
    (data (i32.const 1088) "\00\06\00\00\01\00\00\00")  ;; metadata.licenses: 1 at 1536
    (data (i32.const 1128) "\08\06\00\00\01\00\00\00")  ;; labels: 1 at 1544
    (data (i32.const 1144) "\01")  ;; content is there
    (data (i32.const 1152) "\4f\08\00\00\47\00\00\00")  ;; content.hash = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
    (data (i32.const 1160) "\05\00\00\00\00\00\00\00")  ;; content.size = 5
    (data (i32.const 1184) "\18\06\00\00\01\00\00\00")  ;; dependencies: 1 at 1560
    (data (i32.const 1192) "\01")  ;; publisher is there
    (data (i32.const 1196) "\ab\08\00\00\04\00\00\00")  ;; publisher.id = 'acme'
    (data (i32.const 1240) "\00\40\1e\18\24\0a\06\00")  ;; activity.created_at_us = 1700000000000000
    (data (i32.const 1248) "\01\40\1e\18\24\0a\06\00")  ;; activity.updated_at_us = 1700000000000001
    (data (i32.const 1256) "\01")  ;; activity.published_at_us is there
    (data (i32.const 1264) "\01\40\1e\18\24\0a\06\00")  ;; activity.published_at_us = 1700000000000001
    (data (i32.const 1272) "\07\00\00\00\00\00\00\00")  ;; activity.download_count = 7
    (data (i32.const 1280) "\00\00\00\00\00\00\12\40")  ;; activity.rating = 4.5
    (data (i32.const 1536) "\44\08\00\00\03\00\00\00")  ;; metadata.licenses[0] = 'MIT'
    (data (i32.const 1544) "\47\08\00\00\04\00\00\00")  ;; labels[0].0 = 'tier'
    (data (i32.const 1552) "\4b\08\00\00\04\00\00\00")  ;; labels[0].1 = 'core'
    (data (i32.const 1560) "\96\08\00\00\0f\00\00\00")  ;; dependencies[0].artifact = 'org.acme/crypto'
    (data (i32.const 1568) "\a5\08\00\00\06\00\00\00")  ;; dependencies[0].constraint = '^2.0.0'

    ;; storage-totals at 3072
    (data (i32.const 3072) "\01\00\00\00\00\00\00\00")  ;; artifacts = 1
    (data (i32.const 3080) "\01\00\00\00\00\00\00\00")  ;; contents = 1
    (data (i32.const 3088) "\05\00\00\00\00\00\00\00")  ;; content_bytes = 5

    ;; text
    (data (i32.const 2048) "01890000-0000-7000-8000-000000000001")
    (data (i32.const 2084) "org.acme")
    (data (i32.const 2092) "auth")
    (data (i32.const 2096) "1.2.3")
    (data (i32.const 2101) "Signs people in")
    (data (i32.const 2116) "MIT")
    (data (i32.const 2119) "tier")
    (data (i32.const 2123) "core")
    (data (i32.const 2127) "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
    (data (i32.const 2198) "org.acme/crypto")
    (data (i32.const 2213) "^2.0.0")
    (data (i32.const 2219) "acme")

    ;; Room for arguments, handed out from 4096 upwards and taken back after each call.
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32)
      (result i32)
      (local $start i32)
      (local.set $start
        (i32.and
          (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
      (global.set $heap (i32.add (local.get $start) (local.get $size)))
      (if (i32.gt_u (global.get $heap) (i32.const 65536)) (then unreachable))
      (local.get $start))

    ;; Whether the text at $id is the 36 bytes at 2048.
    (func $known (param $id i32) (param $length i32) (result i32)
      (local $i i32)
      (if (i32.ne (local.get $length) (i32.const 36)) (then (return (i32.const 0))))
      (loop $next
        (if (i32.ne
              (i32.load8_u (i32.add (local.get $id) (local.get $i)))
              (i32.load8_u (i32.add (i32.const 2048) (local.get $i))))
          (then (return (i32.const 0))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 36))))
      (i32.const 1))

    ;; The answer's address: 1024 for the known id, otherwise 0, where a zero byte says "none".
    (func (export "storage-get-artifact") (param $id i32) (param $length i32) (result i32)
      (global.set $heap (i32.const 4096))
      (select (i32.const 1024) (i32.const 0) (call $known (local.get $id) (local.get $length))))

    (func (export "storage-usage") (result i32) (i32.const 3072)))

  (core instance $i (instantiate $m))

  (func (export "storage-get-artifact") (param "artifact-id" string) (result (option $artifact))
    (canon lift (core func $i "storage-get-artifact")
      (memory (core memory $i "mem")) (realloc (core func $i "realloc"))))
  (func (export "storage-usage") (result $storage-totals)
    (canon lift (core func $i "storage-usage") (memory (core memory $i "mem")))))
