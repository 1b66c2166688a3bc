"""Values for tests: of any type that crosses a hook, and of artifacts in particular."""

from __future__ import annotations

import dataclasses

import pytest

from hyperhost import Host, contracts, testing
from hyperhost.contracts import ArtifactState, ArtifactType, ChangeKind, DependencyType
from hyperhost.errors import UnsupportedTypeError
from hyperhost.host.jsonvalues import arguments_from_json, to_json
from hyperhost.sandbox.types import Record, type_from_python
from hyperhost.sdk.examples import example_arguments
from hyperhost.testing import artifact, change, dependency, example


def dataclass_names() -> list[str]:
    found = (getattr(contracts, name) for name in contracts.__all__)
    return [
        each.__name__ for each in found if dataclasses.is_dataclass(each) and each is not contracts.Limits
    ]


@pytest.mark.parametrize("name", dataclass_names())
def test_every_contract_type_has_an_example(name):
    kind = getattr(contracts, name)
    assert isinstance(example(kind), kind)
    assert isinstance(type_from_python(kind, name), Record)


def test_every_hook_has_example_arguments_that_fit_its_type():
    with Host("test") as host:
        for info in host.hooks().values():
            arguments = example_arguments(info.function)
            data = {name: to_json(arguments[name], kind) for name, _, kind in info.function.parameters}
            assert arguments_from_json(info.function, data, info.name) == arguments


def test_fields_of_an_example_can_be_given():
    assert example(contracts.Dependency, constraint="^2").constraint == "^2"
    with pytest.raises(TypeError, match="no field 'constrain'; did you mean 'constraint'"):
        example(contracts.Dependency, constrain="^2")
    with pytest.raises(TypeError, match="has no fields"):
        example(int, real=1)
    with pytest.raises(UnsupportedTypeError):
        example(complex)
    assert example(list[bytes]) == [b"example"]
    assert example(ChangeKind) is ChangeKind.CREATED


def test_an_artifact_takes_fields_of_its_parts():
    made = artifact(
        "acme.tools/auth", "2.0.0", licenses=["MIT"], type="plugin", state="published", rating=4.5
    )
    assert (made.namespace, made.name, made.version) == ("acme.tools", "auth", "2.0.0")
    assert (made.type, made.state) == (ArtifactType.PLUGIN, ArtifactState.PUBLISHED)
    assert made.metadata.licenses == ["MIT"]
    assert made.activity.rating == 4.5
    with pytest.raises(TypeError, match="an artifact has no field 'licences'; did you mean 'licenses'"):
        artifact(licences=[])
    with pytest.raises(ValueError, match="'nothing' is not a valid ArtifactType"):
        artifact(type="nothing")


def test_a_change_takes_fields_of_its_artifact():
    made = change("published", tags=["web"], manifest={"a": 1}, actor="bob")
    assert made.kind is ChangeKind.PUBLISHED
    assert made.artifact.metadata.tags == ["web"]
    assert made.previous == made.artifact
    assert (made.manifest_json, made.actor) == ('{"a": 1}', "bob")
    assert change().previous is None
    based = change("updated", artifact("auth", licenses=["MIT"]), labels={"team": "web"})
    assert based.artifact.labels == {"team": "web"}
    assert based.artifact.metadata.licenses == ["MIT"]
    assert based.artifact.name == "auth"
    with pytest.raises(ValueError, match="eaten"):
        change("eaten")


def test_a_dependency_is_one_line():
    made = dependency("org.acme/auth", "^1.2", type="dev")
    assert (made.artifact, made.constraint, made.type) == ("org.acme/auth", "^1.2", DependencyType.DEV)
    with pytest.raises(TypeError, match="a dependency has no field 'kind'"):
        dependency("a", kind="dev")


def test_the_public_names_are_there():
    assert dir(testing) == sorted(testing.__all__)
    for name in testing.__all__:
        assert getattr(testing, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing"):
        testing.nothing  # noqa: B018
