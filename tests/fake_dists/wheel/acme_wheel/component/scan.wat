;; Answers the hook `count` with 30.
(component
  (core module $m (func (export "count") (result i64) (i64.const 30)))
  (core instance $i (instantiate $m))
  (func (export "count") (result s64) (canon lift (core func $i "count"))))
