"""Runs in a process of its own: renders what stands on standard input, writes to standard output.

In comes a JSON object with ``texts``, ``parameters``, ``paths`` (where Jinja2 is) and the limits; out
goes ``{"made": […]}`` or ``{"rule": …, "reason": …}``. Nothing of HyperHost is imported: what a
template might reach, should it ever leave Jinja2's sandbox, is this file and a process without
environment, open files or much memory.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from typing import Any

__all__ = ["answer", "limit", "main"]

_LONGEST_REASON = 300
_EVERYTHING = [
    "{% for a in range(1) %}{{ some | random | urlencode | escape | wordwrap }}{% endfor %}",
    "{{ some | pprint }}{{ some | tojson }}{{ lipsum(1) }}{{ some | groupby(0) | list }}",
    "{{ '<b>' | striptags | urlize | truncate | indent }}",
    "{{ missing }}",
]
"""Templates that use whatever Jinja2 imports late; the last one, how it words an error."""


def limit(memory_bytes: int, cpu_s: int) -> None:
    """Take the means away that rendering does not need. Called once all modules are imported."""
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_NPROC, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS knows no limit of the address space
            resource.setrlimit(what, (most, most))


def answer(texts: list[str], parameters: dict[str, Any], output_bytes: int) -> dict[str, Any]:
    """What the texts render to, or why one of them does not."""
    from jinja2 import StrictUndefined, TemplateSyntaxError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # files are made, no HTML
        keep_trailing_newline=True,
    )
    made: list[str] = []
    left = output_bytes
    for index, text in enumerate(texts):
        try:
            pieces = []
            for piece in environment.from_string(text).generate(**parameters):
                left -= len(piece.encode())
                if left < 0:
                    return _no("template.limit", f"it makes more than {output_bytes >> 20} MiB of text")
                pieces.append(piece)
            made.append("".join(pieces))
        except TemplateSyntaxError as error:
            return _no(f"template.syntax:{index}", f"line {error.lineno}: {error.message}")
        except (MemoryError, RecursionError):
            return _no("template.limit", "it needs more memory than it may have")
        except Exception as error:  # noqa: BLE001 - whatever a template runs into is its author's to know
            return _no(f"template.failed:{index}", f"{type(error).__name__}: {error}")
    return {"made": made}


def _no(rule: str, reason: str) -> dict[str, Any]:
    return {"rule": rule, "reason": " ".join(reason.split())[:_LONGEST_REASON]}


def main() -> None:
    """Read, render, write."""
    given = json.loads(sys.stdin.buffer.read())
    sys.path += [path for path in given["paths"] if path not in sys.path]
    # Jinja2 imports modules when it first needs them, and the limits allow no files to be opened.
    answer(_EVERYTHING, {"some": ["a b"]}, 1 << 20)
    limit(given["memory_bytes"], given["cpu_s"])
    found = answer(given["texts"], given["parameters"], given["output_bytes"])
    sys.stdout.buffer.write(json.dumps(found, ensure_ascii=True).encode())


if __name__ == "__main__":
    main()
