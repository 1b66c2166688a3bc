"""Check that the wheel and the source archive hold what users need, and nothing that is not theirs.

Usage: python .ci/check_dist.py DIRECTORY
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

GUESTS = ("secret_scan", "license_scan", "wants_network", "spins", "eats_memory", "faults")
MAX_GUEST_BYTES = 100_000
"""The two components that the demo installs stay below this together."""

WHEEL = (
    "hyperhost/__init__.py",
    "hyperhost/py.typed",
    "hyperhost/cli/main.py",
    *(f"hyperhost/demo/guests/{name}.wasm" for name in GUESTS),
    "hyperhost/testing/plugin.py",
    *(f"hyperhost/sdk/native/deterministic-{machine}-linux.so" for machine in ("x86_64", "aarch64")),
    *(
        f"hyperhost/sdk/languages/{name}"
        for name in (
            *("component.mjs", "javascript_tool.mjs", "javascript_entry.js", "javascript_console.js"),
            *("c_runtime/plugin_runtime.h", "c_runtime/plugin_runtime.c", "c_runtime/plugin_abi.h"),
            "zig_runtime/runtime.zig",
        )
    ),
    *(
        f"hyperhost/sdk/templates/{name}"
        for name in ("common/dot-gitignore.tmpl", "rust/Cargo.toml.tmpl", "native/pyproject.toml.tmpl")
    ),
    "builtin_plugins/__init__.py",
    "builtin_plugins/py.typed",
    *(
        f"builtin_plugins/{name}/plugin.py"
        for name in (
            *("audit", "content_memory", "content_tiers", "operations", "registry", "secrets_environment"),
            *("storage_memory", "storage_sql", "templates", "templates_jinja2", "transfer"),
        )
    ),
    *(f"builtin_plugins/templates/engines/{name}.hhp" for name in ("handlebars", "eta", "ejs")),
)
SOURCE = (
    *("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", ".ci/run"),
    *("docs/architecture.md", "sdk/demo_guests/build.py", "tests/e2e/test_demo_guests.py"),
)


def problems(directory: Path) -> list[str]:
    """What is wrong with the archives, as sentences; empty when nothing is."""
    found: list[str] = []
    (wheel,) = directory.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        sizes = {item.filename: item.file_size for item in archive.infolist()}
        entry_points = next(name for name in sizes if name.endswith(".dist-info/entry_points.txt"))
        declared = archive.read(entry_points).decode()
    found += [f"{wheel.name} lacks {name}" for name in WHEEL if name not in sizes]
    for name in sizes:
        top = name.partition("/")[0]
        if top not in ("hyperhost", "builtin_plugins") and not top.endswith(".dist-info"):
            found.append(f"{wheel.name} holds {name}, which would land beside other people's packages")
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in sizes):
        found.append(f"{wheel.name} lacks its license")
    demo = sum(sizes.get(f"hyperhost/demo/guests/{name}.wasm", 0) for name in GUESTS[:2])
    if demo >= MAX_GUEST_BYTES:
        found.append(f"the demo's components have {demo} bytes, {MAX_GUEST_BYTES} or more")
    for line in (
        "hyperhost = hyperhost.cli.main:main",
        "[hyperhost.plugins]",
        "storage-memory = ",
        "[pytest11]",
    ):
        if line not in declared:
            found.append(f"{wheel.name} declares no {line!r}")

    (source,) = directory.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    found += [f"{source.name} lacks {name}" for name in SOURCE if name not in names]
    for archive_name, members in ((wheel.name, set(sizes)), (source.name, names)):
        litter = sorted(name for name in members if "__pycache__" in name or name.endswith(".pyc"))
        found += [f"{archive_name} holds {name}" for name in litter]
    return found


def main(arguments: list[str]) -> int:
    """Print what is wrong; 0 when nothing is."""
    found = problems(Path(arguments[0]))
    for sentence in found:
        sys.stderr.write(f"{sentence}\n")
    sys.stdout.write("   wheel and source archive are complete\n" if not found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
