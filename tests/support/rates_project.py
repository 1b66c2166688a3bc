"""The plugin that ``docs/testing.md`` tests, as component text."""

from __future__ import annotations

from pathlib import Path

import wasmtime
from plugin_projects import FETCH, KV_GET, KV_SET, LOG, SLEEP, Guest
from wat import Hook

URL = "https://api.acme.test/v1/rate"
DATA = {1024: "rate", 1040: "GET", 1050: "no rate", 1060: "fetched the rate", 1090: URL}

CORE = (
    "".join(f'(data (i32.const {at}) "{text}")' for at, text in DATA.items())
    + f"""
  (func $number (param $at i32) (param $length i32) (result i64) (local $sum i64)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $length)))
      (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 10))
        (i64.extend_i32_u (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $length (i32.sub (local.get $length) (i32.const 1)))
      (br $next)))
    (local.get $sum))
  (func $ask (result i32)
    (call $fetch (i32.const 1040) (i32.const 3) (i32.const 1090) (i32.const {len(URL)})
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64))
    (if (i32.load8_u (i32.const 64)) (then (return (i32.const 0))))
    (i32.load16_u (i32.const 68)))
  (func $rate (result i64) (local $status i32)
    (call $get (i32.const 1024) (i32.const 4) (i32.const 16))
    (if (i32.load8_u (i32.const 16))
      (then (return (call $number (i32.load (i32.const 20)) (i32.load (i32.const 24))))))
    (local.set $status (call $ask))
    (if (i32.eq (local.get $status) (i32.const 503))
      (then (call $sleep (i32.const 30000)) (local.set $status (call $ask))))
    (if (i32.ne (local.get $status) (i32.const 200)) (then
      (call $log (i32.const 2) (i32.const 1050) (i32.const 7)) (return (i64.const -1))))
    (call $log (i32.const 1) (i32.const 1060) (i32.const 16))
    (call $set (i32.const 1024) (i32.const 4) (i32.load (i32.const 80)) (i32.load (i32.const 84)))
    (call $number (i32.load (i32.const 80)) (i32.load (i32.const 84))))"""
)
CONVERT = Hook(
    "convert",
    '(param "cents" s64) (result s64)',
    "(param $cents i64) (result i64) (local $rate i64) (local.set $rate (call $rate)) "
    "(if (i64.lt_s (local.get $rate) (i64.const 0)) (then (return (local.get $rate)))) "
    "(i64.mul (local.get $cents) (local.get $rate))",
)
SPECS = '''
import hyperhost


class Rates:
    """The hooks."""

    @hyperhost.hookspec(firstresult=True)
    def convert(self, cents: int) -> int:
        """Another currency's cents."""
'''
ASKED = ("clock", "http:api.acme.test", "kv", "log")


def make_rates(directory: Path) -> Path:
    """The project, built."""
    from hyperhost.sdk.freshness import mark_built, source_digest
    from hyperhost.sdk.project import open_project

    asks = "\n".join(f'[[capabilities.required]]\nname = "{each}"\nreason = "rates"' for each in ASKED)
    (directory / "plugin.toml").write_text(
        '[plugin]\nid = "acme-rates"\nversion = "1.0.0"\nhooks = ["convert"]\n'
        f'[build]\nlanguage = "c"\nsource = "plugin.c"\nspecs = ["acme_rates:Rates"]\n{asks}\n'
    )
    (directory / "acme_rates.py").write_text(SPECS)
    text = Guest([CONVERT], [LOG, SLEEP, KV_GET, KV_SET, FETCH], core=CORE).text()
    (directory / "plugin.c").write_text(text)
    project = open_project(directory)
    project.component.write_bytes(wasmtime.wat2wasm(text))
    mark_built(project, source_digest(project))
    return directory
