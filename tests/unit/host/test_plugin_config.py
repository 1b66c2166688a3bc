"""A plugin's configuration is checked against the schema in its manifest."""

import pytest

from hyperhost.errors import ConfigError, ManifestError
from hyperhost.host.plugin_config import check_config

SCHEMA = {
    "type": "object",
    "properties": {
        "depth": {"type": "integer", "minimum": 1},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["depth"],
    "additionalProperties": False,
}


def test_configuration_that_fits_is_accepted() -> None:
    check_config("scan", {"depth": 3, "tags": ["a"]}, SCHEMA)


def test_no_schema_allows_anything() -> None:
    check_config("scan", {"whatever": object()}, {})


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"depth": 0}, "key 'depth' does not fit"),
        ({"depth": 1, "tags": ["a", 5]}, "key 'tags.1' does not fit"),
        ({}, '"depth" is a required property'),
        ({"depth": 1, "deptth": 2}, "deptth"),
    ],
)
def test_configuration_that_does_not_fit_names_the_key(config: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_config("scan", config, SCHEMA)
    assert words in str(caught.value)
    assert caught.value.plugin == "scan"
    assert "[plugins.scan]" in caught.value.hint


def test_a_schema_that_is_none_is_the_manifests_fault() -> None:
    with pytest.raises(ManifestError, match=r"config\.schema in plugin\.toml"):
        check_config("scan", {}, {"type": 5})


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/schema.json", "file:///etc/passwd"])
def test_a_schema_cannot_make_the_host_fetch_or_open_anything(address: str) -> None:
    with pytest.raises(ManifestError) as caught:
        check_config("scan", {}, {"$ref": address})
    assert "root:" not in str(caught.value)
    assert "sending request" not in str(caught.value)


def test_a_schema_cannot_stall_the_host_with_a_backtracking_expression() -> None:
    schema = {"properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    with pytest.raises(ConfigError):
        check_config("scan", {"a": "a" * 50_000 + "!"}, schema)
