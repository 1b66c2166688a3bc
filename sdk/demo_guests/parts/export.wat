  ;; The hook: a world-level function with the hook's name in kebab-case.
  (func $check_text (param "path" string) (param "text" string) (result (list $finding))
    (canon lift (core func $main "check_text")
      (memory $mem) (realloc $realloc) (post-return $reset)))
  (export "check-text" (func $check_text))
