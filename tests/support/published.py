"""The script that publishes the contract, importable by tests."""

import sys
from pathlib import Path

SDK = Path(__file__).resolve().parents[2] / "sdk"
sys.path.insert(0, str(SDK))

import contract as script  # noqa: E402 - found through the path above
from contract_growth import breaks  # noqa: E402
from contract_summary import Contract, Hook, Interface, hooks_of, interface_of, read, written  # noqa: E402

__all__ = [
    "SDK",
    "Contract",
    "Hook",
    "Interface",
    "breaks",
    "hooks_of",
    "interface_of",
    "read",
    "script",
    "written",
]
