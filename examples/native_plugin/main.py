"""A host that uses whatever native plugins are installed; run with ``python examples/native_plugin/main.py``.

Install the plugin first: ``python -m pip install examples/native_plugin``.
"""

from __future__ import annotations

import sys

import hyperhost
from hyperhost.demo.specs import Checks

TEXT = "A short line.\n" + "A line that goes on " + "and on " * 20


def main() -> int:
    with hyperhost.Host("checker", specs=[Checks]) as host:
        found = {item.id: item for item in host.discover()}  # reads metadata, imports nothing
        if "long-lines" not in found:
            print("long-lines is not installed: python -m pip install examples/native_plugin")
            return 1
        item = found["long-lines"]
        print(f"installed: {item.id} {item.version}, {item.kind}, from {item.distribution} ({item.value})")
        host.load_installed(["long-lines"])
        for findings in host.hook.check_text(path="a.txt", text=TEXT):
            for finding in findings:
                print(f"a.txt:{finding.line}: {finding.rule}: {finding.excerpt}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
