"""A host that uses an installed component; run with ``python examples/component_wheel/main.py``.

Install it first: ``python -m pip install examples/component_wheel``.
"""

from __future__ import annotations

import sys

import hyperhost
from hyperhost.demo.specs import Checks

TEXT = "one\n<<<<<<< ours\ntwo\n=======\nthree\n>>>>>>> theirs\n"


def main() -> int:
    with hyperhost.Host("checker", specs=[Checks]) as host:
        found = {item.id: item for item in host.discover()}
        if "conflict-scan" not in found:
            print("conflict-scan is not installed: python -m pip install examples/component_wheel")
            return 1
        item = found["conflict-scan"]
        print(f"installed: {item.id} {item.version}, {item.kind}, from {item.distribution}")
        try:
            host.load_installed(["conflict-scan"])
        except hyperhost.errors.ImportDeniedError as denied:
            print(f"pip installs, but only you grant: {denied.message}")
        [plugin] = host.load_installed(["conflict-scan"], grants={"conflict-scan": ["log"]})
        for ask in plugin.manifest.asks if plugin.manifest else ():
            print(f"granted: {ask.capability.describe()}, {ask.reason}")
        for findings in host.hook.check_text(path="a.txt", text=TEXT):
            for finding in findings:
                print(f"a.txt:{finding.line}: {finding.rule}: {finding.excerpt}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
