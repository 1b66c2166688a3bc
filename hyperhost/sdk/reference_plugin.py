"""What a plugin's manifest says, for the person who installs it."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from hyperhost.capabilities.describe import cannot, describe
from hyperhost.host.tomltext import toml_value
from hyperhost.sdk.reference_config import MAX_ROWS, complete, rows
from hyperhost.sdk.reference_model import (
    Block,
    Bullets,
    Code,
    Heading,
    Line,
    Paragraph,
    Span,
    Table,
    code,
    linked,
    plain,
)

if TYPE_CHECKING:
    from hyperhost.host.manifest import Manifest

__all__ = ["capability_blocks", "config_blocks", "fact_blocks", "install_blocks"]

_INSTANCES: Final = {
    "per-call": "a new one for every call, so nothing is remembered",
    "pooled": "kept for reuse, so a call may find what an earlier one left",
    "persistent": "exactly one, which remembers",
}


def fact_blocks(manifest: Manifest, publisher: str) -> Iterator[Block]:
    """Heading, description and a table of facts."""
    yield Heading(1, plain(manifest.name or manifest.id), "index")
    if manifest.description:
        yield Paragraph(plain(manifest.description))
    facts: list[tuple[str, Line]] = [
        ("id", code(manifest.id)),
        ("version", () if manifest.bare else code(manifest.version)),
        ("kind", plain(_kind(manifest))),
        ("license", plain(manifest.license)),
        ("homepage", (Span(manifest.homepage, address=True),) if manifest.homepage else ()),
        ("says it is from", plain(manifest.publisher)),
        ("signed by", code(publisher)),
        ("provides", linked(map(code, manifest.services))),
        ("needs", linked((*code(key), Span(f" {value}")) for key, value in manifest.dependencies.items())),
        ("instances", plain("" if manifest.native else _INSTANCES[manifest.instances])),
    ]
    yield Table(("", ""), tuple((plain(title), line) for title, line in facts if line))


def _kind(manifest: Manifest) -> str:
    if manifest.native:
        return "native plugin: Python in the process of the host, without a sandbox"
    return "component: WebAssembly in a sandbox"


def install_blocks(manifest: Manifest, publisher: str) -> Iterator[Block]:
    """How to install it and to decide what it may do."""
    yield Heading(2, plain("Install"), "install")
    plugin = manifest.id
    if manifest.native:
        yield Paragraph(
            plain(
                "It comes with a Python package: install that with pip, into the environment of the host "
                "program. It is found by its entry point."
            )
        )
        yield Code(f"hyperhost plugin show {plugin}", "sh")
        return
    file = manifest.component or "" if manifest.bare else f"{plugin}-{manifest.version}.hhp"
    lines = [f"hyperhost plugin install {shlex.quote(file)}", f"hyperhost plugin permissions {plugin}"]
    if publisher:
        lines.insert(0, f"hyperhost plugin verify {shlex.quote(file)} --key {shlex.quote(publisher)}")
    yield Code("\n".join(lines), "sh")
    if manifest.required:
        yield Paragraph(
            (
                Span("Installing asks whether it may do what it "),
                Span("requires", key="capabilities"),
                Span(", before anything of it runs."),
            )
        )
    if manifest.optional:
        yield Paragraph(plain("It works without these; each can be granted and revoked at any time:"))
        asked = (shlex.quote(capability.text) for capability in manifest.optional)
        yield Code("\n".join(f"hyperhost plugin grant {plugin} {text}" for text in asked), "sh")


def capability_blocks(manifest: Manifest, imports: Sequence[str], level: int) -> Iterator[Block]:
    """What it asks for and why, what it can not do, and the limits of its calls."""
    yield Heading(level, plain("Capabilities"), "capabilities")
    if manifest.native:
        yield Paragraph((Span("It is Python without a sandbox, and may do anything.", "strong"),))
        return
    if manifest.bare:
        yield Paragraph(plain("It has no manifest to ask with. It holds exactly what it is granted."))
    elif not manifest.asks:
        yield Paragraph(plain("It asks for nothing: it can compute, and answer."))
    else:
        yield Table(
            ("capability", "it may", "because", ""),
            tuple(
                (
                    code(ask.capability.text),
                    plain(describe(ask.capability, manifest.limits)),
                    plain(ask.reason),
                    plain("optional" if ask.optional else "required"),
                )
                for ask in manifest.asks
            ),
        )
    if not manifest.bare:
        yield Paragraph(plain("With all of that granted, it can not:"))
        yield Bullets(tuple(map(plain, cannot(manifest.requested, manifest.limits))))
    if imports:
        yield Paragraph((Span("It imports "), *linked(map(code, imports)), Span(".")))
    yield Heading(level + 1, plain("Limits"), "limits")
    asked = manifest.limits.to_dict()
    yield Paragraph(plain("Of one call; an operator's word prevails."))
    rows_ = [
        (code(each.name), code(_shown(getattr(manifest.limits, each.name))), code(_shown(each.default)))
        for each in dataclasses.fields(manifest.limits)
        if each.name in asked
    ]
    if rows_:
        yield Table(("limit", "it asks for", "default"), tuple(rows_))
    else:
        yield Paragraph(plain("It asks for none but the defaults."))


def _shown(value: object) -> str:
    return "none" if value is None else str(value)


def config_blocks(manifest: Manifest, level: int) -> Iterator[Block]:
    """Its configuration, key by key."""
    yield Heading(level, plain("Configuration"), "configuration")
    schema, defaults = manifest.config_schema, manifest.config_defaults
    if not schema and not defaults:
        yield Paragraph(plain("It has none."))
        return
    if not schema:
        schema = {"properties": {key: {} for key in defaults}}
    found = rows(schema, defaults)
    if found:
        yield Table(
            ("key", "type", "default", "allowed", ""),
            tuple(
                (
                    code(row.key),
                    plain(row.type),
                    code(row.default) or plain("required" if row.required else ""),
                    plain(row.allowed),
                    plain(row.description),
                )
                for row in found
            ),
        )
    if schema.get("additionalProperties") is False:
        yield Paragraph(plain("Other keys are refused."))
    if len(found) == MAX_ROWS:
        yield Paragraph(
            plain(f"These are the first {MAX_ROWS} keys; the schema in the manifest says the rest.")
        )
    elif not (complete(schema) and all(row.complete for row in found)):
        yield Paragraph(plain("The schema says more than fits a table:"))
        yield Code(json.dumps(_plain(schema), indent=2, ensure_ascii=False), "json")
    example = _plain(defaults) or _own_defaults(schema)
    operator = (Span("An operator sets it in "), *code("hyperhost.toml"))
    yield Paragraph(
        (
            *operator,
            Span(":" if example else ", under "),
            *code("" if example else f"[plugins.{manifest.id}]"),
        )
    )
    if example:
        yield Code(f"[plugins.{manifest.id}]\nconfig = {toml_value(example)}", "toml")


def _own_defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults that a schema states for its outermost keys."""
    properties = schema.get("properties")
    parts = properties.items() if isinstance(properties, Mapping) else ()
    return {
        key: _plain(part["default"]) for key, part in parts if isinstance(part, Mapping) and "default" in part
    }


def _plain(value: Any) -> Any:
    """Dictionaries and lists in place of what only behaves like them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
