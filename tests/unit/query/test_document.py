"""What of an artifact is indexed, and the two scores that are worked out from it."""

from __future__ import annotations

import dataclasses

import pytest

from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactMetadata,
    ArtifactState,
    ArtifactType,
    SearchDocument,
    Signature,
)
from hyperhost.query import FIELDS, FieldKind, flat

AUTH = Artifact("a1", "org.acme.web", "Auth", ArtifactType.PLUGIN, "1.0.0")


def test_every_field_of_the_language_is_in_a_document() -> None:
    activity = ArtifactActivity(1, 2, 3)
    document = flat(SearchDocument(dataclasses.replace(AUTH, activity=activity), body="words"))
    for field in FIELDS.values():
        held = {
            FieldKind.TEXT: document.texts,
            FieldKind.EXACT: document.values,
            FieldKind.FLAG: document.values,
            FieldKind.NUMBER: document.numbers,
            FieldKind.DATE: document.numbers,
        }[field.kind]
        assert field.name in held
    assert document.values["namespace"] == ("org.acme.web", "org.acme", "org")
    assert document.values["name"] == ("auth",)
    assert document.facets["namespace"] == ("org.acme.web",)
    assert "released" not in flat(SearchDocument(AUTH)).numbers


@pytest.mark.parametrize(
    ("downloads", "rating", "popularity", "step"),
    [
        (0, 0.0, 0.0, "0-20"),
        (999, 0.0, 35.0, "20-40"),
        (10**6, 5.0, 100.0, "80-100"),
        (10**9, 2.5, 85.0, "80-100"),
    ],
)
def test_popularity_is_of_downloads_and_rating(
    downloads: int, rating: float, popularity: float, step: str
) -> None:
    activity = ArtifactActivity(download_count=downloads, rating=rating)
    document = flat(SearchDocument(dataclasses.replace(AUTH, activity=activity)))
    assert document.numbers["popularity"] == pytest.approx(popularity, abs=0.1)
    assert document.facets["popularity"] == (step,)


def test_quality_is_what_an_artifact_says_of_itself() -> None:
    metadata = ArtifactMetadata(
        "long enough to be one", "Jane", ["MIT"], ["web"], [], "https://acme.test", ""
    )
    whole = dataclasses.replace(AUTH, metadata=metadata, state=ArtifactState.PUBLISHED)
    assert flat(SearchDocument(AUTH)).numbers["quality"] == 0
    assert flat(SearchDocument(whole)).numbers["quality"] == 85
    signature = Signature(**{field.name: _any(field.type) for field in dataclasses.fields(Signature)})
    signed = flat(SearchDocument(dataclasses.replace(whole, signatures=[signature])))
    assert (signed.numbers["quality"], signed.values["signed"]) == (100, ("true",))


def _any(kind: object) -> object:
    return b"" if "bytes" in str(kind) else 0 if str(kind) in ("S64", "U64", "U32") else "x"
