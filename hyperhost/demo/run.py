"""``hyperhost demo``: install, scan, misbehave, sum up. See :func:`run`."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.demo.claims import ClaimError, claim
from hyperhost.errors import HyperHostError

if TYPE_CHECKING:
    from rich.console import Console

    from hyperhost.demo.report import Report
    from hyperhost.demo.scan import Caller
    from hyperhost.demo.trials import Row
    from hyperhost.host.host import Host

__all__ = ["run"]

_SCAN_SECONDS: Final = 1.2


def run(
    console: Console,
    *,
    keep: bool = False,
    emit: Callable[[Mapping[str, Any]], None] | None = None,
) -> int:
    """Run the demo. It needs no toolchain, no network and no answers, and about two seconds.

    Everything happens in a temporary home directory that is removed at the end, whatever happens.

    Args:
        console: Where to show it.
        keep: Leave the home in place and say where it is.
        emit: Given when a program reads the result: called once with the summary as JSON-like data,
            and nothing is shown on ``console``.

    Returns:
        Exit status: 0 when everything it claims was seen to be true, otherwise 1.
    """
    from rich.console import Console

    from hyperhost.demo.report import Report
    from hyperhost.demo.summary import FORMAT

    report = Report(console if emit is None else Console(quiet=True))
    summary: dict[str, Any] = {}
    try:
        with _directory(keep) as directory:
            try:
                _show(directory, report, summary)
            finally:
                if keep:
                    summary["home"] = str(directory / "home")
                    report.kept(summary["home"])
    except (ClaimError, HyperHostError) as error:
        report.failed(error)
        summary = {"format": FORMAT, "ok": False, "failure": str(error), "home": summary.get("home")}
    if emit is not None:
        emit(summary)
    return 0 if summary["ok"] else 1


def _show(directory: Path, report: Report, summary: dict[str, Any]) -> None:
    """All parts of the demo, in order; ``summary`` is filled when all went well."""
    from hyperhost.demo.corpus import installed, package_roots, plant, standard_library
    from hyperhost.demo.install import WELL_BEHAVED, install, new_home, package
    from hyperhost.demo.scan import Caller, scan
    from hyperhost.demo.summary import data
    from hyperhost.demo.trials import trials
    from hyperhost.host.home import open_host
    from hyperhost.host.installer import Installer

    started = time.perf_counter()
    report.opening()
    home = new_home(directory / "home")
    installer = Installer(home)
    with report.progress("Installing"):
        plugins = [install(installer, package(name, directory / "packages")) for name in WELL_BEHAVED]
    report.installed(plugins)

    rows: list[Row] = []
    with open_host(home, only=WELL_BEHAVED) as host:
        call = Caller(host, plant(directory))
        for plugin in host.plugins.values():
            if plugin.manifest is not None and plugin.runtime is not None:
                claim(
                    plugin.manifest.instances == "per-call", f"{plugin.id} gets a fresh sandbox for each call"
                )
        call.plant()
        with report.progress("Scanning") as progress:
            result = scan(call, installed([*package_roots(), *standard_library()]), _SCAN_SECONDS, progress)
        for plugin in host.plugins.values():
            if plugin.runtime is not None:
                plugin.runtime.measure = True  # from here on, as it costs 0.2 ms a call
        report.scanned(result, call.planted)

        report.trials_begin()
        network = package("wants-network", directory / "packages")
        seen = []
        for trial in trials(host, call, installer, network, home.load_config().quarantine.faults, rows):
            seen.append(trial)
            report.trial(trial, len(call.planted))
        rows = [*_well_behaved(host, call, rows), *rows]
    seconds = time.perf_counter() - started
    peak = _peak_bytes()
    report.summary(rows, peak, seconds)
    summary.update(data(plugins, result, call.planted, seen, rows))
    summary.update(process_peak_bytes=peak, seconds=round(seconds, 3), home=None)


def _well_behaved(host: Host, call: Caller, others: list[Row]) -> Iterator[Row]:
    """Figures of the plugins that were called every time."""
    from hyperhost.demo.install import WELL_BEHAVED
    from hyperhost.demo.trials import row_of

    rows = [row_of(host, host.plugin(plugin_id)) for plugin_id in WELL_BEHAVED]
    # The host does not time native plugins; every call in the sandbox was part of a call of the hook.
    sandboxed = sum(row.seconds for row in [*rows, *others] if row.kind == "component")
    for row in rows:
        if row.kind == "native":
            row = replace(row, calls=call.calls, seconds=max(0.0, call.seconds - sandboxed))
        yield row


@contextmanager
def _directory(keep: bool) -> Iterator[Path]:
    """A directory of the user's own, removed at the end unless it is to be kept."""
    # The name is known before anything has it, so there is no moment at which Ctrl-C leaves it behind.
    path = Path(tempfile.gettempdir()).absolute() / f"hyperhost-demo-{secrets.token_hex(16)}"
    try:
        path.mkdir(mode=0o700)
        yield path
    finally:
        if not keep:
            shutil.rmtree(path, ignore_errors=True)


def _peak_bytes() -> int | None:
    """The most memory that this process held, or ``None`` where that is not known."""
    with contextlib.suppress(ImportError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return None
