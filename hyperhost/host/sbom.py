"""The parts list of a package: CycloneDX 1.6 as JSON, the same bytes for the same package.

It holds what can be known from the package itself: the plugin with version and licence, its
component with digest and the interfaces that it imports, and the plugins that it needs. Times and
serial numbers, which the format allows but does not ask for, would make every copy another one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from hyperhost.host.manifest import Manifest

__all__ = ["MAX_SBOM_BYTES", "SBOM_NAME", "SbomSummary", "sbom_bytes", "summarise"]

SBOM_NAME: Final = "sbom.cdx.json"
SPEC_VERSION: Final = "1.6"
MAX_SBOM_BYTES: Final = 8 << 20

_SCHEMA: Final = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_ADDRESS = re.compile(r"https?://[!-~]+")
_EXPRESSION = re.compile(
    r"\(*[A-Za-z0-9][A-Za-z0-9.+:-]*\)*(?: (?:AND|OR|WITH) \(*[A-Za-z0-9][A-Za-z0-9.+:-]*\)*)*"
)


@dataclass(frozen=True, slots=True)
class SbomSummary:
    """What a parts list says, in short.

    Attributes:
        format: ``CycloneDX`` and its version; empty when it cannot be read.
        parts: Names of its components, in its order.
        licenses: Licences of the plugin itself.
        problem: Why it is not to be relied on; empty when it fits the package.
    """

    format: str = ""
    parts: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    problem: str = ""


def sbom_bytes(manifest: Manifest, sha256: str, imports: Iterable[str]) -> bytes:
    """The parts list of a plugin.

    Args:
        manifest: Its manifest, which names a component.
        sha256: SHA-256 of the component's file in hex.
        imports: Names of what the component imports.
    """
    assert manifest.component is not None
    plugin, part = f"plugin:{manifest.id}", f"file:{manifest.component}"
    needed = [f"plugin:{name}" for name in sorted(manifest.dependencies)]
    document = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "version": 1,
        "metadata": {"component": _subject(manifest, plugin)},
        "components": [
            {
                "type": "file",
                "bom-ref": part,
                "name": manifest.component,
                "version": manifest.version,
                "mime-type": "text/plain" if manifest.component.endswith(".wat") else "application/wasm",
                "hashes": [{"alg": "SHA-256", "content": sha256}],
                **_licenses(manifest.license),
                "properties": [{"name": "hyperhost:import", "value": name} for name in sorted(set(imports))],
            },
            *(
                {
                    "type": "application",
                    "bom-ref": f"plugin:{name}",
                    "name": name,
                    "scope": "required",
                    "properties": [{"name": "hyperhost:constraint", "value": manifest.dependencies[name]}],
                }
                for name in sorted(manifest.dependencies)
            ),
        ],
        "dependencies": [
            {"ref": plugin, "dependsOn": [part, *needed]},
            *({"ref": each} for each in (part, *needed)),
        ],
    }
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    return text.encode("utf-8") + b"\n"


def _subject(manifest: Manifest, reference: str) -> dict[str, Any]:
    """The plugin itself; what its manifest leaves out is left out here, too."""
    subject: dict[str, Any] = {
        "type": "application",
        "bom-ref": reference,
        "name": manifest.id,
        "version": manifest.version,
        "purl": f"pkg:generic/{manifest.id}@{quote(manifest.version, safe='.-')}",
        **_licenses(manifest.license),
    }
    if manifest.description:
        subject["description"] = manifest.description
    if manifest.publisher:
        subject["publisher"] = manifest.publisher
    if _ADDRESS.fullmatch(manifest.homepage):
        subject["externalReferences"] = [{"type": "website", "url": manifest.homepage}]
    return subject


def _licenses(text: str) -> dict[str, Any]:
    if not text:
        return {}
    is_expression = _EXPRESSION.fullmatch(text) and text.count("(") == text.count(")")
    return {"licenses": [{"expression": text} if is_expression else {"license": {"name": text}}]}


def summarise(data: bytes, component: str, sha256: str) -> SbomSummary:
    """What a parts list says, and whether it speaks of the component that the package holds.

    Args:
        data: The file, which is not trusted.
        component: Name of the component's file; empty when there is none.
        sha256: SHA-256 of that file in hex.
    """
    if len(data) > MAX_SBOM_BYTES:
        return SbomSummary(problem=f"it is larger than {MAX_SBOM_BYTES >> 20} MiB")
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return SbomSummary(problem="it is no JSON")
    if not isinstance(document, Mapping) or document.get("bomFormat") != "CycloneDX":
        return SbomSummary(problem="it is no CycloneDX document")
    parts = [each for each in _list(document.get("components")) if isinstance(each, Mapping)]
    metadata = document.get("metadata")
    subject = metadata.get("component") if isinstance(metadata, Mapping) else None
    return SbomSummary(
        format=f"CycloneDX {document.get('specVersion')}",
        parts=tuple(str(part.get("name")) for part in parts),
        licenses=tuple(_license_names(subject)) if isinstance(subject, Mapping) else (),
        problem=_mismatch(parts, component, sha256) if component else "",
    )


def _mismatch(parts: Iterable[Mapping[str, Any]], component: str, sha256: str) -> str:
    for part in parts:
        if part.get("name") == component:
            stated = [
                each.get("content")
                for each in _list(part.get("hashes"))
                if isinstance(each, Mapping) and each.get("alg") == "SHA-256"
            ]
            return "" if stated == [sha256] else f"it states another SHA-256 of {component}"
    return f"it does not list {component}"


def _license_names(subject: Mapping[str, Any]) -> Iterable[str]:
    for each in _list(subject.get("licenses")):
        if isinstance(each, Mapping):
            inner = each.get("license")
            named = inner if isinstance(inner, Mapping) else {}
            name = each.get("expression") or named.get("id") or named.get("name")
            if isinstance(name, str):
                yield name


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
