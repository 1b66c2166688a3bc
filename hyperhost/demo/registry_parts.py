"""What the registry's demo does, part by part; each says what it saw, and fails when that is not so."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.demo.claims import claim

if TYPE_CHECKING:
    from hyperhost.demo.packages import Package
    from hyperhost.demo.registry_report import Report
    from hyperhost.host.home import Home
    from hyperhost.host.operations import Operations

__all__ = [
    "audit",
    "back_up",
    "carry_over",
    "find",
    "generate",
    "load",
    "make",
    "mark",
    "opened",
    "render",
]

_SECONDS: Final = 20.0
"""The longest that loading goes on; what is not loaded by then is left out, and said so."""
_MARKED: Final = 50
_LISTS: Final = 20


def make(home: Home, providers: Mapping[str, str]) -> None:
    """A home with a registry of its own."""
    from hyperhost.host.registryhome import init_registry

    init_registry(home, providers, only=_plugins())


@contextmanager
def opened(home: Home) -> Iterator[Operations]:
    """The operations of a home's registry, with the plugins of HyperHost itself and no others."""
    from hyperhost.host.home import open_host
    from hyperhost.host.operations import Operations

    with open_host(home, only=_plugins()) as host:
        yield Operations(host)


def _plugins() -> list[str]:
    from hyperhost.host.discovery import discover

    return [item.id for item in discover() if item.kind == "native" and item.distribution == "hyperhost"]


def load(here: Operations, report: Report, found: list[Package]) -> None:
    """Create and publish every package with its entry in the index as its content."""
    from hyperhost.host.contents import upload

    known = {package.name: package.namespace for package in found}
    ids: list[str] = []
    until = time.perf_counter() + _SECONDS
    with report.step("create with content", len(found)) as step:
        for package in found:
            if time.perf_counter() > until:
                break
            content = upload(here, io.BytesIO(package.text.encode()))
            changed = here.run("create", draft=_draft(package, known, content))
            ids.append(changed["artifact"]["id"])
            step.count += 1
            step.done(step.count)
        if step.count < len(found):
            step.detail = f"{len(found) - step.count:,} were left out, as the time for this part was up"
    del found[len(ids) :]
    with report.step("publish", len(ids)) as step:
        for artifact in ids:
            changed = here.run("publish", artifact=artifact)
            claim(changed["artifact"]["state"] == "published", f"{artifact} is published")
            step.count += 1
            step.done(step.count)


def _draft(package: Package, known: Mapping[str, str], content_hash: str) -> dict[str, Any]:
    needs = [f"{known[name]}/{name}" for name in package.needs if name in known and name != package.name]
    return {
        "namespace": package.namespace,
        "name": package.name,
        "type": "library",
        "version": package.version,
        "metadata": {
            "description": package.description,
            "author": package.author,
            "homepage": package.homepage,
        },
        "labels": package.labels,
        "annotations": {"acme.original": package.original},
        "content_hash": content_hash,
        "dependencies": [{"artifact": each} for each in needs],
    }


def mark(here: Operations, report: Report, found: Sequence[Package]) -> None:
    """Tag, promote, yank, deprecate and archive some, and look whether that is what is there."""
    some = [f"{package.namespace}/{package.name}" for package in found[:_MARKED]]
    with report.step("tag and promote", 2 * len(some)) as step:
        for name in some:
            here.run("tag", artifact=name, tag="latest")
            found_version = here.run("promote", artifact=name, channel="stable")
            claim(found_version["tags"] == ["latest"], f"{name} is tagged latest")
            claim(found_version["channels"] == ["stable"], f"{name} is current in stable")
            step.count += 2
            step.done(step.count)
    with report.step("yank and deprecate", len(some)) as step:
        for index, name in enumerate(some):
            if index % 2:
                here.run("deprecate", artifact=f"{name}@latest", reason="the demo says so")
            else:
                here.run("yank", artifact=f"{name}@latest", reason="the demo says so")
            step.count += 1
            step.done(step.count)
        [version] = here.run("version_list", name=some[0])
        claim(version["yanked"] == "the demo says so", f"{some[0]} is yanked, with its reason")
        step.detail = "each with its reason"


def render(here: Operations, report: Report) -> None:
    """Two configurations, one extending the other, and what comes of them."""
    if "render" not in here.offered():
        report.skip("render a configuration", "render")
        return
    base = {"format": "yaml", "values": {"log": {"level": "info"}, "port": 8080}}
    own = {"format": "yaml", "extends": "local.demo/base", "values": {"log": {"level": "debug"}}}
    with report.step("render a configuration") as step:
        for name, manifest in (("base", base), ("settings", own)):
            _add(here, name, "config", manifest)
        rendered = here.run("render", artifact="local.demo/settings")
        value = rendered["values"]
        claim(value["port"] == 8080 and value["log"] == {"level": "debug"}, "the nearer value wins")
        step.count, step.detail = 1, "what it extends is inherited, its own value wins"


def generate(here: Operations, report: Report, directory: Path) -> None:
    """A template and the file it makes."""
    if "generate" not in here.offered():
        report.skip("generate from a template", "generate")
        return
    manifest = {
        "engine": "jinja2",
        "parameters": [{"name": "who", "required": True}],
        "outputs": [{"path": "{{ who }}.txt", "content": "hello {{ who }}\n"}],
    }
    from hyperhost.host.outputs import write_outputs

    with report.step("generate from a template") as step:
        _add(here, "greeting", "template", manifest)
        made = here.run("generate", artifact="local.demo/greeting", parameters={"who": "world"})
        [written] = write_outputs(directory / "generated", made["outputs"])
        claim(written.name == "world.txt", "the path of an output is a template, too")
        claim(written.read_text() == "hello world\n", "the file says what the template says")
        step.count, step.detail = 1, "world.txt, through jinja2 in a process of its own"


def _add(here: Operations, name: str, kind: str, manifest: dict[str, Any]) -> None:
    draft = {"namespace": "local.demo", "name": name, "type": kind, "version": "1.0.0", "manifest": manifest}
    here.run("create", draft=draft)
    here.run("publish", artifact=f"local.demo/{name}")


def find(here: Operations, report: Report, found: Sequence[Package]) -> None:
    """Read every package, and list some."""
    with report.step("get, by name", len(found)) as step:
        for package in found:
            read = here.run("read", artifact=f"{package.namespace}/{package.name}@{package.version}")
            claim(read["metadata"]["description"] == package.description, f"{package.name} is what it was")
            step.count += 1
            step.done(step.count)
    query = {"type": "library", "state": "published", "sort": "name"}
    with report.step("list 50, filtered and sorted", _LISTS) as step:
        for number in range(_LISTS):
            page = here.run("list", query=query, page={"size": 50})
            claim(
                all(item["state"] == "published" for item in page["items"]), "only published ones are listed"
            )
            step.count = number + 1
            step.done(step.count)


def carry_over(here: Operations, there: Operations, report: Report, directory: Path) -> None:
    """Export everything, import it into another registry, import it again, and compare."""
    if "export" not in here.offered():
        report.skip("export and import", "export")
        return
    file = directory / "registry.export"
    with report.step("export to a file") as step:
        done = here.run("export", target=str(file))
        step.count = done["artifacts"]
        step.detail = f"{file.stat().st_size / 1e6:.1f} MB, contents included"
    with report.step("import into the other") as step:
        first = there.run("import", source=str(file))
        claim(first["created"] == done["artifacts"], "everything that was exported was imported")
        step.count = first["created"]
    with report.step("import once more") as step:
        again = there.run("import", source=str(file))
        claim(
            (again["created"], again["unchanged"]) == (0, first["created"]), "a second import changes nothing"
        )
        step.count, step.detail = again["unchanged"], "nothing changed"


def back_up(here: Operations, report: Report, directory: Path) -> None:
    """Back up, lose something, restore, and have it again."""
    if "backup" not in here.offered():
        report.skip("backup and restore", "backup")
        return
    with report.step("back up") as step:
        done = here.run("backup", directory=str(directory / "backups"))
        step.count = done["artifacts"]
        step.detail = f"{done['size'] / 1e6:.1f} MB, read again and verified"
    lost = here.run("list", query={"namespace": "local.demo"}, page={"size": 50})["items"]
    lost += here.run("list", query={"state": "published", "type": "library"}, page={"size": 50})["items"]
    with report.step("lose artifacts") as step:
        step.count = len(lost)
        for item in lost:
            here.run("archive", artifact=item["id"])
            here.run("delete", artifact=item["id"])
    with report.step("restore") as step:
        restored = here.run("backup_restore", path=done["path"], force=True)
        claim(restored["artifacts"] == done["artifacts"], "everything that was backed up was restored")
        if "audit_seal" in here.offered():
            here.run("audit_seal", reason="the demo restored a backup")
        for item in lost:
            claim(here.run("read", artifact=item["id"]) == item, f"{item['name']} is back as it was")
        step.count = done["artifacts"]
        step.detail = f"all {len(lost)} that were lost are back as they were"


def audit(here: Operations, report: Report) -> None:
    """Verify the chain of everything that was done."""
    if "audit_verify" not in here.offered():
        report.skip("verify the audit log", "audit_verify")
        return
    with report.step("verify the audit log") as step:
        found = here.run("audit_verify")
        claim(found["ok"] is True, "the audit log is a chain without a gap")
        step.count, step.detail = found["entries"], "each entry holds the hash of the one before"
