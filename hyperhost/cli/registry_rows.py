"""Answers of operations as the command line shows them: flat, with moments as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hyperhost.cli.moments import moment_text
from hyperhost.cli.output import Column

__all__ = ["ARTIFACT_COLUMNS", "SHOWN", "artifact_row", "changed_row", "moments", "shown_row"]

ARTIFACT_COLUMNS = (
    Column("artifact"),
    Column("type"),
    Column("state"),
    Column("updated_at", "UPDATED"),
    Column("visibility", wide=True),
    Column("content_size", "BYTES", wide=True, right=True),
    Column("download_count", "DOWNLOADS", wide=True, right=True),
    Column("rating", wide=True, right=True),
    Column("labels", wide=True),
    Column("id", wide=True),
)

SHOWN = {
    "artifact": "artifact",
    "id": "id",
    "type": "type",
    "state": "state",
    "visibility": "visibility",
    "description": "description",
    "author": "author",
    "licenses": "licenses",
    "tags": "tags",
    "keywords": "keywords",
    "homepage": "homepage",
    "repository": "repository",
    "labels": "labels",
    "annotations": "annotations",
    "needs": "needs",
    "content_hash": "content",
    "content_size": "bytes",
    "publisher": "publisher",
    "deprecation": "deprecated",
    "download_count": "downloads",
    "rating": "rating",
    "created_at": "created",
    "updated_at": "updated",
    "published_at": "published",
}
"""Titles of one artifact's fields for people, in order."""


def artifact_row(artifact: Mapping[str, Any]) -> dict[str, Any]:
    """An artifact with the flat names of the specification."""
    content = artifact.get("content") or {}
    activity = artifact["activity"]
    deprecation = artifact.get("deprecation")
    return {
        "artifact": f"{artifact['namespace']}/{artifact['name']}@{artifact['version']}",
        **{
            key: artifact[key]
            for key in ("id", "namespace", "name", "version", "type", "state", "visibility")
        },
        "metadata": artifact["metadata"],
        "labels": artifact["labels"],
        "annotations": artifact["annotations"],
        "content_hash": content.get("hash"),
        "content_size": content.get("size", 0),
        "content_uri": content.get("uri"),
        "dependencies": artifact["dependencies"],
        "publisher": artifact["publisher"],
        "signatures": artifact["signatures"],
        "deprecation": moments(deprecation) if deprecation else None,
        "download_count": activity["download_count"],
        "rating": activity["rating"],
        "created_at": moment_text(activity["created_at_us"]),
        "updated_at": moment_text(activity["updated_at_us"]),
        "published_at": moment_text(activity["published_at_us"]),
    }


def shown_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of :func:`artifact_row` for people: what it says about itself beside the rest."""
    needs = [f"{each['artifact']} {each['constraint']}" for each in row["dependencies"]]
    publisher = (row["publisher"] or {}).get("id")
    size = f"{row['content_size']:,}" if row["content_hash"] else None
    return {**row["metadata"], **row, "needs": needs, "publisher": publisher, "content_size": size}


def changed_row(changed: Mapping[str, Any]) -> dict[str, Any]:
    """What came of a change: the artifact, and what its author should know."""
    return {**artifact_row(changed["artifact"]), "issues": changed["issues"]}


def moments(data: Any) -> Any:
    """JSON data whose keys ``…_us`` became moments as text, at any depth."""
    if isinstance(data, Mapping):
        return {
            key.removesuffix("_us") if key.endswith("_at_us") or key == "at_us" else key: moment_text(value)
            if key.endswith("at_us")
            else moments(value)
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [moments(item) for item in data]
    return data
