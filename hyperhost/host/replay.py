"""Replay a recorded call: the same component, its host calls answered from the recording.

Nothing else is there for it to reach: no host interface is linked, no capability granted, nothing
read from the home directory but machine code in the compile cache.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from hyperhost import errors
from hyperhost.errors import (
    BadArgumentError,
    DeadlineError,
    HyperHostError,
    LimitError,
    RecordingComponentError,
    RecordingError,
    RefusalError,
    ReplayMismatchError,
)
from hyperhost.host.differences import Differences
from hyperhost.host.jsonvalues import from_json
from hyperhost.host.jsonwords import shown
from hyperhost.host.recording import Recording, component_digest, free_texts
from hyperhost.host.tapevalues import Writer, read_value

if TYPE_CHECKING:
    from hyperhost.contracts.limits import Limits
    from hyperhost.host.package import Package
    from hyperhost.host.specs import HookInfo
    from hyperhost.sandbox.replaying import Recorded
    from hyperhost.sandbox.types import Function

__all__ = ["ReplayOutcome", "Replayer", "replay"]

_LEAST_DEADLINE_MS: Final = 30_000.0
"""What a replay may take when the recorded call was not ended by its deadline: machines differ."""

_MOST_DEADLINE_MS: Final = 300_000.0
"""What it may take in any case: a file from elsewhere decides no more than this."""


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """How a replay ended.

    Attributes:
        same: It ended as the recorded call did.
        difference: What differs, in words; empty when nothing does.
        result: What the hook answered, as JSON data; ``None`` when it failed.
        error: What ended it; ``None`` when it returned.
        calls: Host calls that were answered from the recording.
        notes: What a reader should know to judge it.
    """

    same: bool
    difference: str
    result: Any
    error: HyperHostError | None
    calls: int
    notes: tuple[str, ...] = ()


def replay(
    recording: Recording | Path | str,
    package: Package | Path | str,
    *,
    specs: Iterable[Any] = (),
    force: bool = False,
    cache: Path | None = None,
) -> ReplayOutcome:
    """Replay a recorded call, offline and without any capability.

    Args:
        recording: The recording, or its file.
        package: The package that was recorded, or the file or directory it is in. What counts is the
            component: a lone ``.wasm`` of the same bytes will do.
        specs: Hookspecs besides the kernel's, as objects or as ``package.module:Class``.
        force: Replay it with another component, too.
        cache: Directory of a compile cache; none is used when not given.

    Raises:
        RecordingError: the recording is damaged, or the hook is in none of the specs.
        RecordingComponentError: the component is another one.
        ReplayMismatchError: a host call differs from what was recorded.
        PluginLoadError: the package cannot be loaded.
    """
    with Replayer(recording, package, specs=specs, force=force, cache=cache) as replayer:
        return replayer.run()


class Replayer:
    """Replays one recording, as often as :meth:`run` is called. Takes what :func:`replay` takes.

    Use it as a context manager, or call :meth:`close`. For one thread at a time.
    """

    def __init__(
        self,
        recording: Recording | Path | str,
        package: Package | Path | str,
        *,
        specs: Iterable[Any] = (),
        force: bool = False,
        cache: Path | None = None,
    ) -> None:
        from hyperhost.capabilities.grants import GrantSet
        from hyperhost.host.component import build_runtime
        from hyperhost.host.package import open_package
        from hyperhost.sandbox.engine import Sandbox
        from hyperhost.sandbox.replaying import Playback
        from hyperhost.sandbox.services import MemoryLog, Services

        self.recording = recording if isinstance(recording, Recording) else Recording.read(recording)
        opened = open_package(package) if isinstance(package, str | Path) else package
        self._notes = _check_component(self.recording, opened, force=force)
        manifest = dataclasses.replace(opened.manifest, id=self.recording.plugin, hooks=())
        info = _hook_of(self.recording, specs)
        self._info = info
        self._differences = Differences(free_texts(self.recording.document))
        self._raw: list[dict[str, Any]] = self.recording.document["calls"]
        self._playback = Playback(_recorded(self._raw), self._ending, self._reread, self._compare)
        self._sandbox = Sandbox([], cache)
        try:
            self._runtime = build_runtime(
                opened.with_manifest(manifest),
                self._sandbox,
                {info.name: info},
                GrantSet(self.recording.plugin, (), ()),
                limits=self._limits(),
                instances="per-call",
                stub_denied=False,
                config={},
                services=Services(log=MemoryLog(), environ={}),
                playback=self._playback,
            )
            self._export = self._runtime.exports[info.name]
            self._arguments = self._read_arguments()
        except BaseException:
            self.close()
            raise

    def run(self) -> ReplayOutcome:
        """Replay the call once.

        Raises:
            RecordingError: a recorded value does not fit the component.
            ReplayMismatchError: a host call differs from what was recorded.
        """
        self._playback.rewind()
        result, error = None, None
        try:
            value = self._runtime.call(self._export, self._arguments)
        except RecordingError as caught:
            self._explain(caught)
            raise
        except HyperHostError as caught:
            error = caught
        else:
            result = Writer("python").value(self._result_kind(), value)
        difference = self._difference(result, error)
        if not difference and not isinstance(error, DeadlineError):
            self._check_all_made(error)
        notes = tuple(self._reasons() if difference else self._notes)
        return ReplayOutcome(not difference, difference, result, error, self._playback.position, notes)

    def _check_all_made(self, error: HyperHostError | None) -> None:
        """Every recorded host call was made, but for the one that a limit ended before it was answered."""
        position = self._playback.position
        left = self._raw[position:]
        if not left or (isinstance(error, LimitError) and len(left) == 1 and "ended" in left[0]):
            return
        missing = ReplayMismatchError(
            f"ended after {position} host calls; recorded is host call #{position + 1}, "
            f"{left[0]['interface']} {left[0]['function']}",
            plugin=self.recording.plugin,
            hook=self.recording.hook,
        )
        self._explain(missing)
        raise missing

    def close(self) -> None:
        """Free the component. Calling it again does nothing."""
        runtime = self.__dict__.pop("_runtime", None)
        if runtime is not None:
            runtime.close()
        sandbox = self.__dict__.pop("_sandbox", None)
        if sandbox is not None:
            sandbox.close()

    def __enter__(self) -> Replayer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the call -------------------------------------------------------------------------------

    def _limits(self) -> Limits:
        """The recorded limits; a call that its deadline did not end gets more time, if it needs it."""
        from hyperhost.contracts.limits import Limits

        limits = Limits.from_dict(dict(self.recording.document["limits"]))
        deadline = limits.deadline_ms
        if not self._timed_out():
            deadline = max(deadline * 4, _LEAST_DEADLINE_MS)
        return dataclasses.replace(limits, deadline=min(deadline, _MOST_DEADLINE_MS), concurrency=1)

    def _timed_out(self) -> bool:
        error = self.recording.error
        return error is not None and error["code"] == DeadlineError.code

    def _read_arguments(self) -> list[Any]:
        recorded = self.recording.document["arguments"]
        kinds = {name: kind for name, _, kind in self._info.function.parameters}
        values = []
        for name in self._export.arguments:
            if name not in recorded:
                raise self._unusable(f"argument {name!r}, which the component takes, is not recorded")
            try:
                values.append(from_json(kinds[name], recorded[name], f"arguments.{name}"))
            except BadArgumentError as caught:
                raise self._unusable(caught.message, caught.hint) from None
        return values

    def _unusable(self, message: str, hint: str = "") -> RecordingError:
        return RecordingError(
            message,
            plugin=self.recording.plugin,
            hook=self.recording.hook,
            hint=hint or "the recording was altered, or the hook has changed since",
        )

    def _result_kind(self) -> Any:
        from hyperhost.sandbox.types import Result

        kind = self._info.function.result
        return kind.ok if isinstance(kind, Result) else kind

    # --- host calls -----------------------------------------------------------------------------

    def _ending(self, exhausted: bool) -> HyperHostError | None:
        """The recorded error; only a deadline ends a call beyond its last recorded host call."""
        recorded = self.recording.error
        if recorded is None or (exhausted and not self._timed_out()):
            return None
        kind = _ERRORS.get(recorded["code"], errors.SandboxError)
        return kind(recorded["message"], hint=recorded["hint"])

    def _reread(self, entry: Recorded, number: int, kind: Function) -> None:
        """Make values of what is recorded of a host call."""
        from hyperhost.sandbox.tape import UNANSWERED
        from hyperhost.sandbox.types import Result

        raw, path = self._raw[number - 1], f"calls[{number - 1}]"
        if raw["arguments"] is not None:
            if len(raw["arguments"]) != len(kind.parameters):
                raise self._unusable(
                    f"{path} has {len(raw['arguments'])} arguments, and the function {len(kind.parameters)}"
                )
            pairs = zip(kind.parameters, raw["arguments"], strict=True)
            entry.arguments = [read_value(each, item, f"{path}.{name}") for (_, name, each), item in pairs]
        if "ended" in raw:
            entry.answer = UNANSWERED
        elif isinstance(kind.result, Result) != ("answer" not in raw):
            raise self._unusable(f"{path} has an answer of another form than the function")
        elif "answer" in raw:
            entry.answer = read_value(kind.result, raw["answer"], f"{path}.answer")
        else:
            answer = {key: raw[key] for key in ("ok", "err") if key in raw}
            entry.answer = read_value(kind.result, answer, path)

    def _compare(self, entry: Recorded, number: int, kind: Function, values: Sequence[Any]) -> str | None:
        """What differs between recorded arguments and those that came."""
        writer = Writer("wit")
        for (_, name, each), value, recorded in zip(kind.parameters, values, entry.arguments, strict=True):
            came, was = writer.value(each, value), writer.value(each, recorded)
            if difference := self._differences.first(was, came, f"argument {name!r}"):
                return difference
        return None

    # --- comparing ------------------------------------------------------------------------------

    def _difference(self, result: Any, error: HyperHostError | None) -> str:
        end = self.recording.document["end"]
        recorded = end.get("error")
        if recorded is None:
            if error is not None:
                was = shown(end["result"])
                return f"recorded is a result, {was}; came the error {error.code}: {error.message}"
            return self._differences.first(end["result"], result, "result")
        was = f"the error {recorded['code']}: {recorded['message']}"
        if error is None:
            return f"recorded is {was}; came a result, {shown(result)}"
        if error.code != recorded["code"]:
            return f"recorded is {was}; came {error.code}: {error.message}"
        if isinstance(error, LimitError):
            return ""  # how far a call came before its limit depends on the machine
        rule = error.rule if isinstance(error, RefusalError) else ""
        return self._differences.first(recorded["message"], error.message, "message") or (
            self._differences.first(recorded.get("rule", ""), rule, "rule")
        )

    def _explain(self, error: RecordingError) -> None:
        """Say what may lie behind a difference, as far as the recording shows it."""
        if isinstance(error, ReplayMismatchError) and (reasons := self._reasons()):
            error.hint = "; ".join(reasons)

    def _reasons(self) -> list[str]:
        """What may make a replay differ."""
        reasons = list(self._notes)
        if self.recording.reused:
            mode = self.recording.document["instances"]["mode"]
            reasons.append(
                f"the recorded instance ({mode}) had answered earlier calls; what they left in it "
                "is not in the recording"
            )
        if self.recording.document["masked"].get("texts"):
            reasons.append("secrets are masked in the recording; what the plugin computes from one differs")
        return reasons


_ERRORS: Final[dict[str, type[HyperHostError]]] = {
    kind.code: kind
    for kind in (getattr(errors, name) for name in errors.__all__)
    if not issubclass(kind, RecordingError)
}


def _recorded(calls: Iterable[dict[str, Any]]) -> list[Recorded]:
    from hyperhost.sandbox.replaying import Recorded

    return [Recorded(call["interface"], call["function"], None, None) for call in calls]


def _hook_of(recording: Recording, specs: Iterable[Any]) -> HookInfo:
    from hyperhost.hookspecs import KERNEL_SPECS
    from hyperhost.host.populate import import_specs
    from hyperhost.host.specs import read_specs

    given = [spec for item in specs for spec in (import_specs([item]) if isinstance(item, str) else [item])]
    for spec in [*given, *KERNEL_SPECS]:
        info = read_specs(spec).get(recording.hook)
        if info is not None:
            return info
    raise RecordingError(
        f"the recorded hook {recording.hook!r} is none of this host",
        plugin=recording.plugin,
        hint="name the hookspecs that declare it: under [host] specs in hyperhost.toml, or with specs=",
    )


def _check_component(recording: Recording, package: Package, *, force: bool) -> list[str]:
    """Return, with a note if the component is another one and that is all right."""
    if package.component is None:
        raise RecordingComponentError(
            f"{package.source.name} is a native plugin, and what was recorded is a component",
            plugin=recording.plugin,
            hint=f"give the package of {recording.plugin} {recording.version}",
        )
    found = component_digest(package)
    if found == recording.component:
        return []
    message = (
        f"recorded was version {recording.version} (component sha256:{recording.component}), "
        f"this is {package.id} {package.version} (component sha256:{found})"
    )
    if force:
        return [f"another component: {message}"]
    raise RecordingComponentError(
        message,
        plugin=recording.plugin,
        hook=recording.hook,
        hint="give the recorded package with --package, or replay it all the same with --force",
    )
