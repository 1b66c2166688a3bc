"""Write the published contract: ``sdk/wit/VERSION/`` from the hookspecs and host interfaces in Python.

    python sdk/contract.py             # write the folder of hyperhost.contracts.CONTRACT_VERSION
    python sdk/contract.py --check     # compare all folders with Python and each other, write nothing
    python sdk/contract.py --freeze    # write it and allow no further change of it

A folder is one WIT package with its dependency: a world for each domain of hooks, the types they
share, and ``deps/host.wit`` with the host interfaces. ``contract.json`` says the same as data, with
what WIT has no words for. ``frozen.json`` holds the digests of the versions that may not change.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a checkout writes its own contract

from contract_growth import breaks, number
from contract_summary import Contract, hooks_of, interface_of, read, written

from hyperhost.contracts import CONTRACT_VERSION
from hyperhost.hookspecs import KERNEL_SPECS
from hyperhost.sandbox.interfaces import builtin_interfaces
from hyperhost.sandbox.wit import export_world, interface, named_types

__all__ = ["FOLDER", "ContractError", "current", "digest", "files", "problems", "write"]

FOLDER = Path(__file__).resolve().parent / "wit"
FROZEN = "frozen.json"
SUMMARY = "contract.json"
HOOKS, HOST = "hyperhost:plugins", "hyperhost:host"
_NOTE = "/// {} Written by sdk/contract.py from the Python source; not edited by hand.\npackage {}@{};\n\n"


class ContractError(Exception):
    """The contract cannot be written; the text says why and what to do."""


def current() -> Contract:
    """The contract of the Python source.

    Raises:
        ContractError: a host interface has another version than the contract.
    """
    interfaces = {}
    for each in builtin_interfaces():
        name, _, version = each.name.partition("@")
        if version != CONTRACT_VERSION:
            raise ContractError(f"{each.name} is not of version {CONTRACT_VERSION}: name it with it")
        interfaces[name] = interface_of(each)
    return Contract(CONTRACT_VERSION, hooks_of(KERNEL_SPECS), interfaces)


def files(contract: Contract) -> dict[str, str]:
    """The text of every file of a contract's folder, by its path in there."""
    types = named_types(hook.function for hook in contract.hooks.values())
    note = _NOTE.format("One world for each domain of hooks.", HOOKS, contract.version)
    texts = {"types.wit": f"{note}{interface('types', {}, types)}\n"}  # WIT takes the note in one file only
    for domain in dict.fromkeys(hook.domain for hook in contract.hooks.values()):
        hooks = {name: hook.function for name, hook in contract.hooks.items() if hook.domain == domain}
        texts[f"{domain}.wit"] = f"package {HOOKS}@{contract.version};\n\n{export_world(domain, hooks)}\n"
    shorts = {name.rpartition("/")[2]: each for name, each in contract.interfaces.items()}
    parts = [interface(short, each.functions) for short, each in shorts.items()]
    parts.append("\n".join(["world imports {", *(f"  import {short};" for short in shorts), "}"]))
    note = _NOTE.format("What a host offers to components.", HOST, contract.version)
    texts["deps/host.wit"] = note + "\n\n".join(parts) + "\n"
    return {**texts, SUMMARY: written(contract)}


def on_disk(folder: Path) -> dict[str, str]:
    """The text of every file in a folder, by its path in there; empty when there is no such folder."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}


def digest(texts: dict[str, str]) -> str:
    """SHA-256 over the names and texts of a folder's files."""
    return hashlib.sha256(json.dumps(sorted(texts.items())).encode()).hexdigest()


def frozen(root: Path) -> dict[str, str]:
    """Version → digest of the versions that may not change."""
    path = root / FROZEN
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def problems(root: Path = FOLDER, contract: Contract | None = None) -> list[str]:
    """Everything that is wrong with the published contract, one sentence each.

    Args:
        root: Holds one folder per version, and ``frozen.json``.
        contract: What the Python source says; :func:`current` when not given.
    """
    contract = contract or current()
    texts, digests = _folders(root), frozen(root)
    found = _differences(texts.get(contract.version, {}), contract)
    for version in sorted(texts.keys() | digests.keys()):
        if version not in digests and version != contract.version:
            found.append(f"{version} is not the current version, and {FROZEN} does not hold its digest")
        elif version in digests and digests[version] != digest(texts.get(version, {})):
            found.append(f"{version} is frozen and was changed: restore it")
    return found + _broken(texts, contract)


def _folders(root: Path) -> dict[str, dict[str, str]]:
    """Version → files of every folder; those with a dot in front are being written."""
    if not root.is_dir():
        return {}
    return {path.name: on_disk(path) for path in sorted(root.glob("[!.]*")) if path.is_dir()}


def _broken(texts: dict[str, dict[str, str]], contract: Contract) -> list[str]:
    """What newer versions take away from older ones, the one of the Python source included."""
    found, contracts = [], [contract]
    for version in texts.keys() - {contract.version}:
        try:
            older = read(texts[version].get(SUMMARY, ""))
        except ValueError as error:
            found.append(f"{version}/{SUMMARY} cannot be read: {error}")
            continue
        if older.version != version:
            found.append(f"{version}/{SUMMARY} is that of {older.version}")
        contracts.append(older)
    contracts.sort(key=lambda each: number(each.version))
    if contracts[-1] is not contract:
        found.append(f"{contracts[-1].version} is newer than CONTRACT_VERSION, which is {contract.version}")
    for index, new in enumerate(contracts):
        for old in contracts[:index]:
            found += [f"{new.version} breaks {old.version}: {problem}" for problem in breaks(old, new)]
    return found


def _differences(texts: dict[str, str], contract: Contract) -> list[str]:
    wanted = files(contract)
    found = []
    for name in sorted(wanted.keys() | texts.keys()):
        before, after = texts.get(name, ""), wanted.get(name, "")
        if before != after:
            lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
            changed = [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]
            found.append(f"{contract.version}/{name} is not what Python says: {' '.join(changed[:2])[:200]}")
    return found


def write(root: Path = FOLDER, contract: Contract | None = None, *, freeze: bool = False) -> bool:
    """Write the folder of the current version; says whether anything changed.

    Args:
        root: Holds one folder per version.
        contract: What to write; :func:`current` when not given.
        freeze: Allow no further change of it.

    Raises:
        ContractError: the folder is frozen and would change, or the contract breaks an older one;
            nothing is written.
    """
    contract = contract or current()
    folder, digests, texts = root / contract.version, frozen(root), files(contract)
    changed = on_disk(folder) != texts
    if changed and contract.version in digests:
        raise ContractError(
            f"{contract.version} is frozen, and the Python source differs from it: "
            "raise CONTRACT_VERSION in hyperhost/contracts/__init__.py"
        )
    if broken := _broken(_folders(root), contract):
        raise ContractError("\n".join(broken))
    if changed:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".") as fresh:
            for name, text in texts.items():
                path = Path(fresh, "new", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
            if folder.exists():
                shutil.rmtree(folder)
            Path(fresh, "new").rename(folder)
    if freeze and contract.version not in digests:
        digests = {**digests, contract.version: digest(texts)}
        (root / FROZEN).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8", newline="\n")
        return True
    return changed


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description="Write the published contract.")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="compare, write nothing")
    choice.add_argument("--freeze", action="store_true", help="write, and allow no further change of it")
    options = parser.parse_args(arguments)
    if options.check:
        found = problems()
        for problem in found:
            sys.stderr.write(f"{problem}\n")
        return 1 if found else 0
    try:
        changed = write(freeze=options.freeze)
    except ContractError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"sdk/wit/{CONTRACT_VERSION} {'written' if changed else 'is up to date'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
