"""The scanner in a host; run with ``hyperhost plugin test``."""

from __future__ import annotations

import pytest

from hyperhost.contracts import ArtifactChange
from hyperhost.errors import RefusalError
from hyperhost.testing import PluginUnderTest, change

KEY = "AKIA" + "Z" * 16  # nobody's


@pytest.mark.parametrize(
    ("subject", "rule", "place"),
    [
        (change(description=f"use {KEY}"), "secret.aws-key", "metadata.description"),
        (change(labels={"token": "ghp_" + "a" * 36}), "secret.github-token", "labels.token"),
        (change(manifest={"env": {"password": "correct-horse"}}), "secret.password", "manifest"),
        (
            change(annotations={"key": "-----BEGIN RSA PRIVATE KEY-----"}),
            "secret.private-key",
            "annotations.key",
        ),
    ],
)
def test_a_secret_is_refused_and_not_repeated(
    plugin: PluginUnderTest, subject: ArtifactChange, rule: str, place: str
) -> None:
    with pytest.raises(RefusalError) as refused:
        plugin.hook.artifact_validate(change=subject)
    assert refused.value.rule == rule
    assert refused.value.reason.startswith(f"{place} holds what looks like")
    assert KEY not in str(refused.value)


def test_a_reference_to_a_secret_is_fine(plugin: PluginUnderTest) -> None:
    subject = change(manifest={"password": "${vault:db}"}, description="Reads the password from a vault.")
    assert plugin.hook.artifact_validate(change=subject) == []
