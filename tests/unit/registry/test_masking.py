"""What is sensitive in a config is masked wherever a manifest is shown."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from builtin_plugins.registry.masking import MASK, mask_paths, masked_manifest
from hyperhost.contracts import ArtifactType

SECRET = "hunter2"
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


def test_a_path_leads_to_what_is_masked() -> None:
    data = {
        "db": {"password": SECRET, "port": 1},
        "keys": [{"k": SECRET}, {"k": SECRET, "id": 2}],
        "x": {"y": 1},
    }
    shown = mask_paths(data, ["db.password", "keys.*.k", "x", "none.of.it", "keys.9", "db.port.deeper"])
    assert shown == {
        "db": {"password": MASK, "port": 1},
        "keys": [{"k": MASK}, {"k": MASK, "id": 2}],
        "x": MASK,
    }
    assert data["db"] == {"password": SECRET, "port": 1}
    assert mask_paths([SECRET, 1], ["0"]) == [MASK, 1]


def test_every_place_of_a_config_is_masked() -> None:
    manifest = {
        "format": "json",
        "values": {"a": SECRET, "b": {"c": SECRET}},
        "defaults": {"a": SECRET},
        "overrides": {"production": {"b": {"c": SECRET}}},
        "sensitive": ["a"],
        "secrets": [{"path": "b.c", "name": "c"}],
        "schema": {
            "properties": {
                "a": {"type": "string", "default": SECRET, "examples": [SECRET], "enum": [SECRET]},
                "b": {"default": {"c": SECRET}, "properties": {"c": {"const": SECRET}}},
            },
            "allOf": [{"properties": {"a": {"default": SECRET}}}],
        },
    }
    shown = masked_manifest(ArtifactType.CONFIG, manifest)
    assert SECRET not in json.dumps(shown)
    assert shown["schema"]["properties"]["a"]["type"] == "string"
    assert SECRET in json.dumps(manifest)


def test_only_configs_are_masked() -> None:
    manifest = {"sensitive": ["a"], "values": {"a": SECRET}}
    assert masked_manifest(ArtifactType.LIBRARY, manifest) == manifest
    assert masked_manifest(ArtifactType.CONFIG, None) is None


@given(DATA, st.lists(st.text(alphabet="abc*.0", max_size=6), max_size=4))
def test_masking_never_fails_and_adds_nothing(data: Any, paths: list[str]) -> None:
    shown = mask_paths(data, paths)
    assert json.dumps(shown).count(SECRET) <= json.dumps(data).count(SECRET)


@given(DATA)
def test_masking_every_key_leaves_no_secret(data: Any) -> None:
    shown = mask_paths({"all": data}, ["*"])
    assert SECRET not in json.dumps(shown)
