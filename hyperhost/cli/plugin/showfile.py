"""What ``hyperhost plugin show FILE`` shows: a package that need not be installed, and is not run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperhost.cli.text import one_line

if TYPE_CHECKING:
    from hyperhost.cli.session import Session
    from hyperhost.host.inspection import Inspection
    from hyperhost.host.sbom import SbomSummary

__all__ = ["is_file", "show_file"]

_TITLES = {
    "id": "id",
    "name": "name",
    "version": "version",
    "description": "description",
    "kind": "kind",
    "publisher": "signed by",
    "claimed_publisher": "says it is from",
    "license": "license",
    "homepage": "homepage",
    "hooks": "hooks",
    "provides": "provides",
    "asked": "asks to",
    "imports": "imports",
    "exports": "exports",
    "limits": "limits",
    "instances": "instances",
    "dependencies": "needs",
    "source": "from",
    "bytes": "bytes",
    "digest": "digest",
    "files": "files",
    "sbom": "parts list",
}


def is_file(text: str) -> bool:
    """Whether what was typed is a path: an id has neither a dot nor a slash."""
    return "/" in text or "." in text


def show_file(session: Session, path: Path) -> None:
    """Show everything that a package says about itself."""
    from hyperhost.host.inspection import inspect_package

    found = inspect_package(path)
    record = _record(found)
    if not session.out.structured and session.out.form.value != "csv":
        nothing = "(it has no manifest to ask with)" if found.package.manifest.bare else "nothing"
        record["publisher"] = record["publisher"] or "NOT SIGNED"
        record["asked"] = [_wish(ask) for ask in record["asked"]] or nothing
        record["bytes"] = f"{record['bytes']:,}"
        record["files"] = [f"{name} ({size:,} bytes)" for name, size in record["files"].items()]
        record["sbom"] = _summary(found.sbom)
    session.out.record(record, _TITLES)


def _record(found: Inspection) -> dict[str, Any]:
    from hyperhost.capabilities.describe import describe

    package, manifest = found.package, found.package.manifest
    limits = {} if manifest.native else _limits(manifest.limits)
    return {
        "id": package.id,
        "name": manifest.name or None,
        "version": package.version,
        "description": manifest.description or None,
        "kind": "native" if manifest.native else "component",
        "publisher": package.publisher or None,
        "claimed_publisher": manifest.publisher or None,
        "license": manifest.license or None,
        "homepage": manifest.homepage or None,
        "hooks": list(manifest.hook_names),
        "provides": list(manifest.services),
        "asked": [
            {
                "capability": ask.capability.text,
                "need": "optional" if ask.optional else "required",
                "words": describe(ask.capability, manifest.limits),
                "reason": ask.reason,
            }
            for ask in manifest.asks
        ],
        "imports": list(found.names.needed),
        "exports": list(found.names.offered),
        "limits": limits,
        "instances": manifest.instances,
        "dependencies": dict(manifest.dependencies),
        "source": str(package.source.absolute()),
        "bytes": found.size,
        "digest": package.digest,
        "files": dict(found.files),
        "sbom": _sbom(found.sbom),
    }


def _limits(limits: Any) -> dict[str, Any]:
    import dataclasses

    return {key: value for key, value in dataclasses.asdict(limits).items() if value is not None}


def _sbom(sbom: SbomSummary | None) -> dict[str, Any] | None:
    if sbom is None:
        return None
    return {
        "format": sbom.format or None,
        "parts": list(sbom.parts),
        "licenses": list(sbom.licenses),
        "problem": sbom.problem or None,
    }


def _wish(ask: dict[str, str]) -> str:
    need = "" if ask["need"] == "required" else ", optional"
    return f"{one_line(ask['words'])} ({one_line(ask['reason'], 200)}) [{ask['capability']}{need}]"


def _summary(sbom: SbomSummary | None) -> str:
    if sbom is None:
        return "none"
    parts = ", ".join(one_line(part, 60) for part in sbom.parts[:6])
    more = f" and {len(sbom.parts) - 6} more" if len(sbom.parts) > 6 else ""
    text = f"{sbom.format}: {parts}{more}" if sbom.format else ""
    return "; ".join(each for each in (text, sbom.problem and f"WRONG: {sbom.problem}") if each)
