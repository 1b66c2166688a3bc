"""What the tests of the home directory and the command line install: one hook, and packages answering it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from hyperhost.contracts.command import Command, CommandArgument, CommandOutcome
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl, hookspec
from hyperhost.host.manifest_reader import PLUGIN_ID
from hyperhost.host.package import package_digest
from hyperhost.host.signature import sign
from hyperhost.host.tomltext import toml_text

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "security"))

from wat import DOUBLE, ENV, KV_SET, NOW, Guest, run

SPECS = "cli_guests:Numbers"
KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))


class Tone(Enum):
    """How a note is meant."""

    KIND = 1
    STERN = 2


@dataclass(frozen=True, slots=True)
class Note:
    """Something to pass through a native hook."""

    text: str
    data: bytes = b""
    tone: Tone = Tone.KIND


class Numbers:
    """The hooks."""

    @hookspec(firstresult=True)
    def run(self, n: int) -> int:  # type: ignore[empty-body]
        """Make another number of a number."""

    @hookspec(firstresult=True)
    def annotate(self, note: Note) -> Note:  # type: ignore[empty-body]
        """Make another note of a note."""


class Native:
    """A native plugin with commands."""

    @hookimpl
    def annotate(self, note: Note) -> Note:
        """Answer sternly; fail where it is asked to."""
        if note.text == "boom":
            raise ValueError("it went boom")
        return Note(note.text.upper(), note.data + b"\xff", Tone.STERN)

    @hookimpl
    def command_list(self) -> list[Command]:
        """Two commands, one of a group, and one whose name is taken."""
        return [
            Command(
                "greet",
                "Greet [bold]somebody[/bold].",
                [
                    CommandArgument("name", "Whom.", required=True),
                    CommandArgument("loud", "Shout.", switch=True),
                    CommandArgument("times", "How often.", default="1"),
                ],
            ),
            Command("count", "Count.", group="stock"),
            Command("plugin", "A name that is taken."),
        ]

    @hookimpl
    def command_run(self, name: str, args: dict[str, str]) -> CommandOutcome | None:
        """Run them."""
        if name == "greet":
            if args["name"] == "Eve":
                raise RefusalError("Eve is not greeted")
            if args["name"] == "boom":
                raise ValueError("it went boom")
            shout = "!" if args["loud"] == "true" else "."
            status = 1 if args["name"] == "nobody" else 0
            return CommandOutcome(
                f"Hello {args['name']} {args['times']}{shout}\x1b[2J", status, '{"ok": true}'
            )
        return CommandOutcome(f"ran {name}")


GUESTS = {
    "double": Guest([DOUBLE]),
    "clock": Guest([run("(call $now)")], [NOW]),
    "trap": Guest([run("unreachable")]),
    "keep": Guest(
        [run("(call $set (i32.const 1024) (i32.const 1) (i32.const 1025) (i32.const 3)) (local.get $n)")],
        [KV_SET],
        core='(data (i32.const 1024) "k123")',
    ),
    "env": Guest(
        [run("(call $env (i32.const 1024) (i32.const 4) (i32.const 16)) (i64.load8_u (i32.const 16))")],
        [ENV],
        core='(data (i32.const 1024) "HOME")',
    ),
}


def lone(kind: str, path: Path) -> Path:
    """A lone component at ``path``; a name that ends in ``.wat`` holds its text."""
    guest = GUESTS[kind]
    if path.suffix == ".wat":
        path.write_text(guest.text(), encoding="utf-8")
        return path
    return guest.write(path)


def packed(
    directory: Path,
    kind: str = "double",
    *,
    id: str = "scan",  # noqa: A002 - the manifest's own word
    version: str = "1.0.0",
    required: Sequence[tuple[str, str]] = (),
    optional: Sequence[tuple[str, str]] = (),
    key: bytes | None = None,
    **tables: object,
) -> Path:
    """A package directory with a manifest, signed with ``key`` if one is given.

    Args:
        directory: Where to put it; what is in it is replaced.
        kind: One of :data:`GUESTS`, or ``native``.
        id: Id of the plugin.
        version: Its version.
        required: Capabilities with their reasons.
        optional: The same, those it works without.
        key: Private key of the publisher.
        **tables: Further keys of ``[plugin]`` as ``plugin={…}``, and further tables.
    """
    assert PLUGIN_ID.fullmatch(id)
    directory.mkdir(parents=True, exist_ok=True)
    plugin: dict[str, object] = {"id": id, "version": version}
    files: dict[str, bytes] = {}
    if kind == "native":
        plugin["native"] = "cli_guests:Native"
        plugin["hooks"] = ["annotate", "command_list", "command_run"]
    else:
        plugin["hooks"] = ["run"]
        files["plugin.wasm"] = GUESTS[kind].binary()
    plugin.update(tables.pop("plugin", {}))  # type: ignore[call-overload]
    asks = {
        need: [{"name": name, "reason": reason} for name, reason in wanted]
        for need, wanted in (("required", required), ("optional", optional))
        if wanted
    }
    document = {"plugin": plugin, **({"capabilities": asks} if asks else {}), **tables}
    files["plugin.toml"] = toml_text(document).encode()
    if key is not None:
        from hashlib import sha256

        digest = package_digest({name: sha256(data).hexdigest() for name, data in files.items()})
        files["plugin.sig"] = sign(id, version, digest, key)
    for name in ("plugin.sig", "plugin.wasm"):
        (directory / name).unlink(missing_ok=True)
    for name, data in files.items():
        (directory / name).write_bytes(data)
    return directory
