;; Looks up the forecast through acme:weather/forecast and advises an umbrella from 50 % on.
(component
  (type $advice' (record (field "text" string) (field "umbrella" bool)))
  (import "advice" (type $advice (eq $advice')))

  ;; The host interface as this component sees it. Importing it is asking for its capability.
  (import "acme:weather/forecast@1.0.0" (instance $weather
    (type $forecast' (record (field "summary" string) (field "rain-percent" u8)))
    (export "forecast" (type $forecast (eq $forecast')))
    (type $no-forecast' (record (field "reason" string)))
    (export "no-forecast" (type $no-forecast (eq $no-forecast')))
    (export "today" (func (param "city" string) (result (result $forecast (error $no-forecast)))))))

  (core module $memory
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    ;; Where the host puts text: first the argument, then the forecast.
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start (global.get $top))
      (global.set $top (i32.add (local.get $start) (local.get $size)))
      (if (i32.gt_u (global.get $top) (i32.const 65536)) (then unreachable))
      (local.get $start)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $today (canon lower (func $weather "today") (memory $mem) (realloc $realloc)))

  (core module $main
    (import "env" "memory" (memory 1))
    (import "weather" "today" (func $today (param $city i32) (param $length i32) (param $answer i32)))
    ;; The host writes its answer at 16: the case at 16 (0 is a forecast, 1 is an error); from 20 on
    ;; the text's address and length, the same in both cases; the rain at 28.
    ;; Our own answer is at 32: the text's address and length, then the umbrella at 40.
    (func (export "advise") (param $city i32) (param $length i32) (result i32)
      (call $today (local.get $city) (local.get $length) (i32.const 16))
      (i64.store (i32.const 32) (i64.load (i32.const 20)))
      (i32.store8 (i32.const 40)
        (i32.and
          (i32.eqz (i32.load8_u (i32.const 16)))
          (i32.ge_u (i32.load8_u (i32.const 28)) (i32.const 50))))
      (i32.const 32)))
  (core instance $main (instantiate $main
    (with "env" (instance (export "memory" (memory $mem))))
    (with "weather" (instance (export "today" (func $today))))))

  (func (export "advise") (param "city" string) (result $advice)
    (canon lift (core func $main "advise") (memory $mem) (realloc $realloc))))
