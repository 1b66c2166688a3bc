"""The helper in a host; run with ``hyperhost plugin test``."""

from __future__ import annotations

import pytest

from hyperhost.errors import RefusalError
from hyperhost.testing import PluginUnderTest, change

MANIFEST = {"engine": "jinja2", "parameters": [{"name": "region"}, {"name": "name", "required": True}]}


def test_a_template_is_labelled_with_its_engine_and_parameters(plugin: PluginUnderTest) -> None:
    patch = plugin.hook.artifact_transform(change=change(type="template", manifest=MANIFEST))
    assert patch.set_labels == {"engine": "jinja2"}
    assert patch.set_annotations == {"template/parameters": "name, region"}


def test_what_is_no_template_stays_as_it_is(plugin: PluginUnderTest) -> None:
    assert plugin.hook.artifact_transform(change=change(type="library", manifest=MANIFEST)) is None


@pytest.mark.parametrize(
    ("manifest", "rule"),
    [("{", "template.manifest"), ({"engine": 7}, "template.engine"), ("[]", "template.engine")],
)
def test_a_manifest_that_makes_no_sense_is_refused(
    plugin: PluginUnderTest, manifest: object, rule: str
) -> None:
    with pytest.raises(RefusalError) as refused:
        plugin.hook.artifact_transform(change=change(type="template", manifest=manifest))
    assert refused.value.rule == rule
