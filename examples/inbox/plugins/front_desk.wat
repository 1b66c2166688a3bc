;; The front desk: keeps strangers out who ask for money, and answers questions for opening hours.
;; A component, so it runs in a sandbox; its one import is the only thing it can do to the world.
(component
  ;; Types of the contract. A guest declares only what it needs: Mail has more fields, and a
  ;; decision has more cases.
  (type $person' (record (field "known" bool)))
  (import "person" (type $person (eq $person')))
  (type $mail' (record (field "sender" $person) (field "subject" string) (field "body" string)))
  (import "mail" (type $mail (eq $mail')))
  (type $refusal' (record (field "reason" string) (field "rule" string)))
  (import "refusal" (type $refusal (eq $refusal')))
  (type $reply' (record (field "text" string)))
  (import "reply" (type $reply (eq $reply')))
  (type $decision' (variant (case "reply" $reply)))
  (import "file-or-reply-or-escalate" (type $decision (eq $decision')))

  ;; What it asks the host for: lines in its log.
  (import "hyperhost:host/log@1.0.0" (instance $log
    (type $level' (enum "debug" "info" "warning" "error"))
    (export "level" (type $level (eq $level')))
    (export "write" (func (param "level" $level) (param "message" string)))))

  (core module $memory
    (memory (export "memory") 4)
    (global $top (mut i32) (i32.const 4096))
    ;; Where the host puts arguments. Nothing is freed: an instance lives for one call.
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.set $top (i32.add (local.get $start) (local.get $size)))
      (if (i32.gt_u (global.get $top) (i32.const 0x40000)) (then unreachable))
      (local.get $start)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $write (canon lower (func $log "write") (memory $mem)))

  (core module $desk
    (import "env" "memory" (memory 4))
    (import "log" "write" (func $write (param $level i32) (param $text i32) (param $length i32)))
    (data (i32.const 100) "wire transfer")
    (data (i32.const 120) "gift card")
    (data (i32.const 140) "opening hours")
    (data (i32.const 200) "a stranger asks for money")  ;; 25 bytes
    (data (i32.const 240) "desk.scam")                  ;; 9 bytes
    (data (i32.const 260) "We are here on weekdays, 9 to 17.")  ;; 33 bytes
    ;; 400: result<_, refusal> that refuses: case 1, then address and length of both texts
    (data (i32.const 400) "\01\00\00\00" "\c8\00\00\00" "\19\00\00\00" "\f0\00\00\00" "\09\00\00\00")
    ;; 500: some(reply): there is one, its case 0, then address and length of the text
    (data (i32.const 500) "\01\00\00\00" "\00\00\00\00" "\04\01\00\00" "\21\00\00\00")

    ;; Whether the text holds the words, whatever the case of its letters.
    (func $says (param $text i32) (param $length i32) (param $words i32) (param $count i32) (result i32)
      (local $i i32)
      (block $ended (loop $at
        (br_if $ended (i32.lt_s (local.get $length) (local.get $count)))
        (local.set $i (i32.const 0))
        (block $differs (loop $letter
          (br_if $differs (i32.ne
            (i32.or (i32.const 32) (i32.load8_u (i32.add (local.get $text) (local.get $i))))
            (i32.or (i32.const 32) (i32.load8_u (i32.add (local.get $words) (local.get $i))))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $letter (i32.lt_u (local.get $i) (local.get $count)))
          (return (i32.const 1))))
        (local.set $text (i32.add (local.get $text) (i32.const 1)))
        (local.set $length (i32.sub (local.get $length) (i32.const 1)))
        (br $at)))
      (i32.const 0))

    ;; A record arrives as its fields: known, then address and length of the subject and the body.
    (func (export "accept-mail")
      (param $known i32) (param $subject i32) (param $subject_length i32) (param $body i32) (param $length i32)
      (result i32)
      (if (local.get $known) (then (return (i32.const 0))))
      (if (i32.or
            (call $says (local.get $body) (local.get $length) (i32.const 100) (i32.const 13))
            (call $says (local.get $body) (local.get $length) (i32.const 120) (i32.const 9)))
        (then
          (call $write (i32.const 2) (local.get $subject) (local.get $subject_length))
          (return (i32.const 400))))
      (i32.const 0))  ;; at address 0 all is zero: the case that lets the mail in

    (func (export "triage-mail") (param i32 i32 i32) (param $body i32) (param $length i32) (result i32)
      (select (i32.const 500) (i32.const 0)
        (call $says (local.get $body) (local.get $length) (i32.const 140) (i32.const 13)))))
  (core instance $desk (instantiate $desk
    (with "env" (instance (export "memory" (memory $mem))))
    (with "log" (instance (export "write" (func $write))))))

  (func (export "accept-mail") (param "mail" $mail) (result (result (error $refusal)))
    (canon lift (core func $desk "accept-mail") (memory $mem) (realloc $realloc)))
  (func (export "triage-mail") (param "mail" $mail) (result (option $decision))
    (canon lift (core func $desk "triage-mail") (memory $mem) (realloc $realloc))))
