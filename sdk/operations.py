"""Write down what built-in plugins offer: ``operations.json`` beside each, from the operations in Python.

    python sdk/operations.py             # write them
    python sdk/operations.py --check     # say which is not what Python says, write nothing

The command line asks what every plugin offers before it runs anything. With these files a plugin can
answer without importing the modules that do the work.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a checkout writes its own

from hyperhost.contracts import OperationInfo
from hyperhost.contracts.codec import to_data

__all__ = ["files"]

ROOT = Path(__file__).resolve().parents[1]


def files() -> dict[Path, str]:
    """What each file has to hold."""
    from builtin_plugins.access.office import table as access
    from builtin_plugins.audit.operations import OPERATIONS
    from builtin_plugins.graph.operations import table as graph
    from builtin_plugins.identity_local.work import table as identity
    from builtin_plugins.policy.operations import table as policy
    from builtin_plugins.recommend.operations import table as recommend
    from builtin_plugins.registry.operations import table
    from builtin_plugins.remotes.operations import table as remotes
    from builtin_plugins.resolution.operations import table as resolution
    from builtin_plugins.search.operations import infos as search
    from builtin_plugins.secrets_store.operations import table as secrets
    from builtin_plugins.templates.generating import information
    from builtin_plugins.transfer.operations import infos

    known = table().operations.values()
    modules = {each.info.name: each.run.__module__.rpartition(".")[2] for each in known}
    return {
        _file("access"): _text(access().infos()),
        _file("audit"): _text(OPERATIONS),
        _file("graph"): _text(graph().infos()),
        _file("identity_local"): _text(identity().infos()),
        _file("policy"): _text(policy().infos()),
        _file("recommend"): _text(recommend().infos()),
        _file("registry"): _text((each.info for each in known), modules),
        _file("remotes"): _text(remotes().infos()),
        _file("resolution"): _text(resolution().infos()),
        _file("search"): _text(search()),
        _file("secrets_store"): _text(secrets().infos()),
        _file("templates"): _text([information()]),
        _file("transfer"): _text(infos()),
    }


def _file(package: str) -> Path:
    return ROOT / "builtin_plugins" / package / "operations.json"


def _text(infos: Iterable[OperationInfo], modules: dict[str, str] | None = None) -> str:
    """A JSON object with a line for each operation."""
    lines = []
    for info in infos:
        data: dict[str, Any] = to_data(info)
        if modules:
            data["module"] = modules[info.name]
        lines.append(
            f"{json.dumps(info.name)}: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}"
        )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> int:
    """Write or compare; the exit status."""
    is_check = "--check" in sys.argv[1:]
    stale = [
        path
        for path, text in files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if not is_check:
            path.write_text(files()[path], encoding="utf-8")
        sys.stdout.write(f"{'differs' if is_check else 'wrote'}: {path.relative_to(ROOT)}\n")
    return int(is_check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
