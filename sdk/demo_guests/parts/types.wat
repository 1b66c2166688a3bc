  ;; The contract: hyperhost/demo/specs.py as component types.
  (type $severity' (enum "low" "medium" "high"))
  (import "severity" (type $severity (eq $severity')))
  (type $finding' (record
    (field "rule" string)
    (field "line" s64)
    (field "severity" $severity)
    (field "excerpt" string)))
  (import "finding" (type $finding (eq $finding')))
