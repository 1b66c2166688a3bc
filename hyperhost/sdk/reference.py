"""Reference pages: of one plugin from its own manifest and its hooks, or of a host program's hooks.

Nothing of a plugin is run. What a manifest says is shown as its author's words and never as markup.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from hyperhost.host.archive import open_regular
from hyperhost.host.host import Host
from hyperhost.host.inspection import inspect_package
from hyperhost.host.manifest import MAX_MANIFEST_BYTES
from hyperhost.host.manifest_reader import read_plan
from hyperhost.host.package import MANIFEST_NAME
from hyperhost.host.specs import HookInfo, read_specs
from hyperhost.sdk.project import interfaces_for, open_project
from hyperhost.sdk.reference_docstring import docstring
from hyperhost.sdk.reference_html import html
from hyperhost.sdk.reference_markdown import markdown
from hyperhost.sdk.reference_model import (
    Block,
    Bullets,
    Code,
    Heading,
    Page,
    Paragraph,
    Span,
    code,
    linked,
    places_of,
    plain,
)
from hyperhost.sdk.reference_plugin import capability_blocks, config_blocks, fact_blocks, install_blocks
from hyperhost.sdk.reference_types import hook_blocks, hook_table, type_blocks
from hyperhost.sdk.world import PACKAGE, World, world_for

if TYPE_CHECKING:
    from hyperhost.host.manifest import Manifest
    from hyperhost.sandbox.interface import HostInterface

__all__ = ["Format", "Subject", "files", "subject_of_package", "subject_of_plugin", "subject_of_specs"]

Format = Literal["markdown", "html"]

_ON_ONE_PAGE: Final = 3
"""Most hooks whose reference is one page: so much is searched and printed in one go, and no more."""

_MORE: Final = {
    "capabilities": "Capabilities: what it asks for, and what it can not do",
    "configuration": "Configuration",
    "types": "Types that cross in the hooks",
    "wit": "WIT, for whoever builds a component",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is documented.

    Attributes:
        title: Heading of the first page.
        hooks: The hooks, in the order to show.
        manifest: That of the plugin; ``None`` for the hooks of a host program.
        interfaces: Typed host interfaces that the plugin's capabilities stand for.
        unknown: Hooks that the manifest names and nobody here declares.
        publisher: Key that signed the package; empty when none did.
        project: The plugin's directory, if it is one that somebody builds from.
        imports: What the component imports, where there is one.
    """

    title: str
    hooks: tuple[HookInfo, ...]
    manifest: Manifest | None = None
    interfaces: tuple[HostInterface, ...] = ()
    unknown: tuple[str, ...] = ()
    publisher: str = ""
    project: Path | None = None
    imports: tuple[str, ...] = ()


def subject_of_plugin(path: Path | str, specs: Sequence[Any] = ()) -> Subject:
    """A plugin: a project (a directory whose ``plugin.toml`` has a table ``[build]``), or a package.

    For a project the hookspecs that its ``[build]`` names are imported, as a build does.

    Args:
        path: The directory or file.
        specs: Hookspecs of the host programs that a package may be for, HyperHost's own among them.

    Raises:
        BuildError: it is a project that could not be built, for its manifest's sake.
        ManifestError, PluginLoadError: as :func:`subject_of_package`.
    """
    path = Path(path)
    if not _is_project(path):
        return subject_of_package(path, specs)
    project = open_project(path)
    manifest = project.manifest
    hooks = tuple(project.hooks.values())
    title = manifest.name or manifest.id
    return Subject(title, hooks, manifest, project.interfaces, project=project.directory)


def subject_of_package(path: Path | str, specs: Sequence[Any] = ()) -> Subject:
    """A package: a directory with ``plugin.toml``, a ``.hhp`` file or a lone component.

    Nothing that it names is imported.

    Args:
        path: The directory or file.
        specs: Hookspecs of the host programs that it may be for, HyperHost's own among them.

    Raises:
        ManifestError: its manifest is missing or wrong.
        PluginLoadError: it is no usable package.
    """
    with Host("sdk", specs=specs) as host:
        known = host.hooks()
        found = inspect_package(path, grammar=host.grammar)
    manifest, publisher = found.package.manifest, found.package.publisher
    names = list(manifest.hook_names)
    if manifest.bare:  # it has no manifest to say so, but it exports them
        exported = set(found.names.offered)
        names = [name for name, info in known.items() if info.wit_name in exported]
    return Subject(
        manifest.name or manifest.id,
        tuple(known[name] for name in names if name in known),
        manifest,
        interfaces_for(manifest),
        tuple(name for name in names if name not in known),
        publisher,
        imports=tuple(name for name in found.names.needed if not name.startswith(f"{PACKAGE}/")),
    )


def subject_of_specs(title: str, specs: Iterable[Any]) -> Subject:
    """The hooks of a host program.

    Args:
        title: Heading of the first page.
        specs: Classes or modules with hookspecs.

    Raises:
        SpecError: one of them declares no hook.
    """
    hooks: dict[str, HookInfo] = {}
    for spec in specs:
        own = read_specs(spec)
        order = [name for name in vars(spec) if name in own]  # as written, not by the alphabet
        hooks.update({name: own[name] for name in order or own})
    return Subject(title, tuple(hooks.values()))


def files(subject: Subject, form: Format = "markdown") -> dict[str, str]:
    """The text of each file by its name; the same for the same subject."""
    pages = _pages(subject)
    places = places_of(pages)
    if form == "html":
        return {f"{page.name}.html": html(page, places) for page in pages}
    return {f"{page.name}.md": markdown(page, places) for page in pages}


def _is_project(path: Path) -> bool:
    try:
        if not path.is_dir():
            return False
        with open_regular(path / MANIFEST_NAME) as file:
            return read_plan(file.read(MAX_MANIFEST_BYTES + 1)) is not None
    except OSError:
        return False  # what is wrong is said when it is opened as a package


def _pages(subject: Subject) -> list[Page]:
    """All on one page when there is little; otherwise an index, one page a hook, and the rest by subject."""
    world = world_for(subject.hooks, subject.interfaces)
    small = len(subject.hooks) <= _ON_ONE_PAGE
    entries = {entry.name: entry for entry in subject.manifest.hooks} if subject.manifest else {}
    hooks = {
        f"hook-{info.wit_name}": list(
            hook_blocks(info, world.hooks[info.wit_name], 3 if small else 1, entries.get(info.name))
        )
        for info in subject.hooks
    }
    rest = dict(_rest(subject, world, 2 if small else 1))
    if small:
        blocks = chain(_front(subject), *hooks.values(), *rest.values())
        return [Page("index", subject.title, tuple(blocks))]
    more: list[Block] = [
        Heading(2, plain("More")),
        Bullets(tuple((Span(title, key=key),) for key, title in _MORE.items() if key in rest)),
    ]
    pages: dict[str, list[Block]] = {"index": [*_front(subject), *more], **hooks, **rest}
    return [_page(name, blocks, subject.title) for name, blocks in pages.items()]


def _page(name: str, blocks: Sequence[Block], title: str) -> Page:
    """A page of several, with the way back at its top."""
    if name == "index":
        return Page(name, title, tuple(blocks))
    own = "".join(span.text for span in blocks[0].line) if isinstance(blocks[0], Heading) else name
    back = Paragraph((Span(title, key="index"),))
    return Page(name, f"{own} \u2013 {title}", (blocks[0], back, *blocks[1:]))


def _front(subject: Subject) -> Iterator[Block]:
    """What the first page begins with: what it is, how to get it, and its hooks."""
    if subject.manifest is None:
        yield Heading(1, plain(subject.title), "index")
        yield Paragraph(plain("What plugins of this program can answer."))
        yield from _hosts_hooks(subject.hooks)
        return
    yield from fact_blocks(subject.manifest, subject.publisher)
    yield from install_blocks(subject.manifest, subject.publisher)
    yield Heading(2, plain("Hooks"))
    if subject.hooks:
        yield hook_table(subject.hooks)
    if subject.unknown:
        yield Paragraph(
            (
                Span("It also answers " if subject.hooks else "It answers "),
                *linked(map(code, subject.unknown)),
                Span(", of which nothing is known here: they belong to another host program."),
            )
        )
    elif not subject.hooks:
        yield Paragraph(plain("It answers none."))


def _hosts_hooks(hooks: Sequence[HookInfo]) -> Iterator[Block]:
    """The hooks of a host program under the classes that declare them."""
    for spec, members in groupby(hooks, key=lambda info: info.spec_class):
        yield Heading(2, plain(getattr(spec, "__name__", str(spec))))
        if text := inspect.getdoc(spec):
            yield from docstring(text.partition("\n\n")[0], 3)
        yield hook_table(members)


def _rest(subject: Subject, world: World, level: int) -> Iterator[tuple[str, list[Block]]]:
    """What follows the hooks, by the name that its page would have."""
    if subject.manifest is not None:
        imports = subject.imports
        yield "capabilities", list(capability_blocks(subject.manifest, imports, level))
        if subject.manifest.native is None:
            yield "configuration", list(config_blocks(subject.manifest, level))
    if types := list(type_blocks(world.hooks.values(), level + 1)):
        yield "types", [Heading(level, plain("Types"), "types"), *types]
    if subject.hooks and (subject.manifest is None or subject.manifest.native is None):
        text = dataclasses.replace(world, docs={}).text()  # what is said of the hooks stands above
        yield "wit", [Heading(level, plain("WIT"), "wit"), Code(text, "wit")]
