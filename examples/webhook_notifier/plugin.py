"""Posts a message about each artifact that is published.

Publishing does not wait for anybody to listen: a message that cannot be delivered is logged.
"""

from __future__ import annotations

import json

from hyperhost_guest import ArtifactChange, Err, World, config, http, log


class Plugin(World):
    """The notifier."""

    def artifact_published(self, change: ArtifactChange) -> None:
        """Post one message."""
        url = json.loads(config.get("url") or '""')
        body = json.dumps(message(change)).encode()
        request = http.HttpRequest("POST", url, [("content-type", "application/json")], body, 3000)
        try:
            status = http.fetch(request).status
        except Err as problem:
            log.write(log.Level.ERROR, f"{url}: {problem.value.message}")
            return
        if status >= 300:
            log.write(log.Level.ERROR, f"{url} answered with the status {status}")


def message(change: ArtifactChange) -> dict[str, str]:
    """What is posted."""
    artifact = change.artifact
    return {
        "artifact": f"{artifact.namespace}/{artifact.name}",
        "version": artifact.version,
        "description": artifact.metadata.description,
        "by": change.actor,
    }
