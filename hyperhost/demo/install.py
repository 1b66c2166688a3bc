"""Install the demo's plugins into a home directory, as ``hyperhost plugin install`` does it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost.capabilities.describe import describe
from hyperhost.demo.claims import ClaimError, claim
from hyperhost.errors import ImportDeniedError
from hyperhost.host.decisions import Decision, grant_exactly, grant_required

if TYPE_CHECKING:
    from hyperhost.host.decisions import Decide, Question
    from hyperhost.host.home import Home
    from hyperhost.host.installer import Installer

__all__ = ["WELL_BEHAVED", "Installed", "guests", "install", "new_home", "package", "refuse"]

WELL_BEHAVED: Final = ("secret-scan", "license-scan", "dangerous-calls")

_CONFIG: Final = '[host]\nspecs = ["hyperhost.demo.specs:Checks"]\n'


@dataclass(frozen=True, slots=True)
class Installed:
    """One plugin that was installed, and what the operator was shown.

    Attributes:
        id: Its id.
        version: Its version.
        kind: ``native`` or ``component``.
        does: What it says it does.
        size: Bytes of the component; 0 for a native plugin.
        may: What it was granted: a phrase, and the reason that it gives.
        granted: The same as capabilities.
        cannot: Phrases that complete "it can not …".
        digest: Digest of the package.
    """

    id: str
    version: str
    kind: str
    does: str
    size: int
    may: tuple[tuple[str, str], ...]
    granted: tuple[str, ...]
    cannot: tuple[str, ...]
    digest: str


def guests() -> Path:
    """The directory of the components."""
    return Path(str(files("hyperhost.demo"))) / "guests"


def new_home(directory: Path) -> Home:
    """A home directory in ``directory``, configured for the demo's hook."""
    from hyperhost.host.home import Home, init_home

    home = Home(directory)
    init_home(home)
    home.config_file.write_text(_CONFIG, encoding="utf-8")
    return home


def package(plugin_id: str, directory: Path) -> Path:
    """Put a plugin's manifest and component into a directory of its own, and return that.

    Args:
        plugin_id: Name of one of the manifests.
        directory: Where to put it; made if it is not there.
    """
    source = directory / plugin_id
    source.mkdir(parents=True)
    manifest = Path(str(files("hyperhost.demo"))) / "manifests" / f"{plugin_id}.toml"
    shutil.copyfile(manifest, source / "plugin.toml")
    component = guests() / f"{plugin_id.replace('-', '_')}.wasm"
    if component.exists():
        shutil.copyfile(component, source / component.name)
    return source


def install(installer: Installer, source: Path) -> Installed:
    """Install a package, granting what it requires.

    Raises:
        ClaimError: the home's lock file does not say what was granted.
        HyperHostError: it cannot be installed.
    """
    asked: list[Question] = []
    entry = installer.install(source, _noting(grant_required, asked)).entry
    [question] = asked
    claim(
        installer.entry(entry.id).granted == entry.granted, f"plugins.lock records the grants of {entry.id}"
    )
    component = question.package.component
    return Installed(
        id=entry.id,
        version=entry.version,
        kind="native" if question.native else "component",
        does=question.package.manifest.description,
        size=len(component) if component is not None else 0,
        may=tuple((describe(ask.capability, question.limits), ask.reason) for ask in question.required),
        granted=entry.granted,
        cannot=tuple(question.cannot()),
        digest=entry.digest,
    )


def refuse(installer: Installer, source: Path) -> tuple[ImportDeniedError, str]:
    """Try to install a package that is granted nothing.

    Returns:
        The refusal, and what the package asked for in words.

    Raises:
        ClaimError: it was installed, or left something behind.
    """
    asked: list[Question] = []
    try:
        installer.install(source, _noting(grant_exactly(()), asked))
    except ImportDeniedError as error:
        wish = asked[0].required[0]
        claim(error.plugin not in installer.entries(), f"{error.plugin} is not in plugins.lock")
        claim(not (installer.home.plugins_dir / str(error.plugin)).exists(), f"{error.plugin} left no file")
        return error, f'{describe(wish.capability)}, "{wish.reason}"'
    raise ClaimError(f"{source.name} is refused without its grant")


def _noting(decide: Decide, asked: list[Question]) -> Callable[[Question], Decision]:
    def note(question: Question) -> Decision:
        asked.append(question)
        return decide(question)

    return note
