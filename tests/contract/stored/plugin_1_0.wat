;; A plugin built against version 1.0.0 of the contract, kept as it is: it shows that later versions
;; still serve it. Not to be changed; a plugin for another version goes into a file of its own.
;;
;; search-rerank boosts every hit by its own score, gives the query as the reason, and logs the query.
;; command-run refuses with the rule "closed" and the command's name as the reason.
;;
;; Answers are laid out in memory as the canonical ABI wants it: little endian, each field at a
;; multiple of its alignment, text and lists as address and length.
(component
  (import "hyperhost:plugins/types@1.0.0" (instance $types
    (type $search-sort' (record (field "key" string) (field "descending" bool)))
    (export "search-sort" (type $search-sort (eq $search-sort')))
    (type $search-request' (record
      (field "query" string) (field "filter" string) (field "sort" (list $search-sort))
      (field "facets" (list string)) (field "size" u32) (field "token" string)
      (field "highlight" bool) (field "explain" bool)))
    (export "search-request" (type $search-request (eq $search-request')))
    (type $highlight' (record
      (field "field-name" string) (field "text" string) (field "start" u32) (field "end" u32)))
    (export "highlight" (type $highlight (eq $highlight')))
    (type $search-hit' (record
      (field "artifact-id" string) (field "score" f64) (field "highlights" (list $highlight))
      (field "explanation" string)))
    (export "search-hit" (type $search-hit (eq $search-hit')))
    (type $rank-adjustment' (record
      (field "artifact-id" string) (field "boost" f64) (field "reason" string)))
    (export "rank-adjustment" (type $rank-adjustment (eq $rank-adjustment')))
    (type $command-outcome' (record
      (field "text" string) (field "exit-status" u8) (field "data-json" string)))
    (export "command-outcome" (type $command-outcome (eq $command-outcome')))
    (type $refusal' (record (field "reason" string) (field "rule" string)))
    (export "refusal" (type $refusal (eq $refusal')))))
  (alias export $types "search-request" (type $search-request))
  (alias export $types "search-hit" (type $search-hit))
  (alias export $types "rank-adjustment" (type $rank-adjustment))
  (alias export $types "command-outcome" (type $command-outcome))
  (alias export $types "refusal" (type $refusal))
  (import "hyperhost:host/log@1.0.0" (instance $log
    (type $level' (enum "debug" "info" "warning" "error"))
    (export "level" (type $level (eq $level')))
    (export "write" (func (param "level" $level) (param "message" string)))))

  (core module $libc
    (memory (export "memory") 1)
    (global $heap (mut i32) (i32.const 4096))
    ;; Hands out memory upwards from 4096, a multiple of eight at a time; free takes all of it back.
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start (global.get $heap))
      (global.set $heap
        (i32.and (i32.add (i32.add (local.get $start) (local.get $size)) (i32.const 7)) (i32.const -8)))
      (if (i32.gt_u (global.get $heap) (i32.const 65536)) (then unreachable))
      (local.get $start))
    (func (export "free") (param i32) (global.set $heap (i32.const 4096))))
  (core instance $libc (instantiate $libc))
  (core func $write (canon lower (func $log "write") (memory (core memory $libc "memory"))))

  (core module $main
    (import "libc" "memory" (memory 1))
    (import "libc" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (import "log" "write" (func $write (param i32 i32 i32)))
    (data (i32.const 64) "closed")
    (func (export "search-rerank")
      (param $query i32) (param $query-length i32) (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
      (param $hit i32) (param $count i32) (result i32)
      (local $made i32) (local $next i32) (local $left i32)
      (call $write (i32.const 1) (local.get $query) (local.get $query-length))  ;; 1 is info
      (local.set $made
        (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.mul (local.get $count) (i32.const 24))))
      (local.set $next (local.get $made))
      (local.set $left (local.get $count))
      (block $done
        (loop $more
          (br_if $done (i32.eqz (local.get $left)))
          (i64.store (local.get $next) (i64.load (local.get $hit)))  ;; artifact-id
          (f64.store offset=8 (local.get $next) (f64.load offset=8 (local.get $hit)))
          (i32.store offset=16 (local.get $next) (local.get $query))
          (i32.store offset=20 (local.get $next) (local.get $query-length))
          (local.set $hit (i32.add (local.get $hit) (i32.const 32)))
          (local.set $next (i32.add (local.get $next) (i32.const 24)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $more)))
      (i32.store (i32.const 16) (local.get $made))
      (i32.store (i32.const 20) (local.get $count))
      (i32.const 16))
    (func (export "command-run")
      (param $name i32) (param $name-length i32) (param i32 i32) (result i32)
      (i32.store (i32.const 16) (i32.const 1))  ;; err
      (i32.store (i32.const 20) (local.get $name))
      (i32.store (i32.const 24) (local.get $name-length))
      (i32.store (i32.const 28) (i32.const 64))
      (i32.store (i32.const 32) (i32.const 6))
      (i32.const 16)))
  (core instance $main (instantiate $main
    (with "libc" (instance $libc))
    (with "log" (instance (export "write" (func $write))))))

  (func (export "search-rerank")
    (param "request" $search-request) (param "hits" (list $search-hit))
    (result (list $rank-adjustment))
    (canon lift (core func $main "search-rerank") (memory (core memory $libc "memory"))
      (realloc (core func $libc "realloc")) (post-return (core func $libc "free"))))
  (func (export "command-run")
    (param "name" string) (param "args" (list (tuple string string)))
    (result (result (option $command-outcome) (error $refusal)))
    (canon lift (core func $main "command-run") (memory (core memory $libc "memory"))
      (realloc (core func $libc "realloc")) (post-return (core func $libc "free")))))
