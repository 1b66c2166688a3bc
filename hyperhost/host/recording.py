"""The recording of one call: a JSON document that another machine can replay.

It is made of a :class:`~hyperhost.sandbox.tape.Tape` once the call has ended. Secrets are masked
before anything is written. Reading one is strict: what a person or a program altered is named.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import CONTRACT_VERSION
from hyperhost.errors import HyperHostError, RecordingError, RefusalError
from hyperhost.host.secrecy import Mask, config_secrets, secrets_of
from hyperhost.host.tapevalues import Writer
from hyperhost.sandbox.revealed import said
from hyperhost.sandbox.tape import DROP, UNANSWERED
from hyperhost.sandbox.types import Result

if TYPE_CHECKING:
    from hyperhost.host.package import Package
    from hyperhost.sandbox.tape import Step, Tape

__all__ = ["FORMAT", "Origin", "Recording", "make_recording"]

FORMAT: Final = "hyperhost-recording/1"


@dataclass(frozen=True, slots=True)
class Origin:
    """Which package a component came from; goes on the tapes of its calls.

    Attributes:
        version: Version of the plugin.
        digest: Digest of the package.
        publisher: Key that signed it; empty when none did.
        component: SHA-256 of the component in hex.
        config_schema: JSON Schema of the plugin's configuration.
    """

    version: str
    digest: str
    publisher: str
    component: str
    config_schema: Mapping[str, Any]

    @classmethod
    def of(cls, package: Package) -> Origin:
        """That of a package with a component."""
        return cls(
            package.version,
            package.digest,
            package.publisher,
            component_digest(package),
            package.manifest.config_schema,
        )


def component_digest(package: Package) -> str:
    """SHA-256 of the package's component in hex."""
    if package.component_sha256:
        return package.component_sha256
    import hashlib

    return hashlib.sha256(package.component or b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded call.

    Attributes:
        document: What is written, as JSON data; was checked when it was read.
    """

    document: Mapping[str, Any]

    @property
    def plugin(self) -> str:
        """Id of the plugin."""
        return str(self.document["plugin"]["id"])

    @property
    def version(self) -> str:
        """Version of the plugin."""
        return str(self.document["plugin"]["version"])

    @property
    def digest(self) -> str:
        """Digest of its package."""
        return str(self.document["plugin"]["digest"])

    @property
    def component(self) -> str:
        """SHA-256 of its component in hex."""
        return str(self.document["plugin"]["component"])

    @property
    def hook(self) -> str:
        """The hook that was called."""
        return str(self.document["hook"])

    @property
    def reused(self) -> bool:
        """Whether the instance had answered earlier calls, which are not in the recording."""
        return bool(self.document["instances"]["reused"])

    @property
    def error(self) -> Mapping[str, Any] | None:
        """How the call failed: ``code``, ``message``, ``hint``; ``None`` when it did not."""
        found: Mapping[str, Any] | None = self.document["end"].get("error")
        return found

    def to_bytes(self) -> bytes:
        """The file."""
        text = json.dumps(self.document, ensure_ascii=False, allow_nan=False, indent=1)
        return (text + "\n").encode("utf-8", "replace")

    def write(self, path: Path | str, *, replace: bool = True) -> None:
        """Write the file, for its owner alone; as a whole or not at all.

        Raises:
            RecordingError: it cannot be written, or is there already and ``replace`` is not set.
        """
        from hyperhost.host.recordingfile import write_bytes

        write_bytes(Path(path), self.to_bytes(), replace=replace)

    @classmethod
    def read(cls, path: Path | str) -> Recording:
        """Read a file.

        Raises:
            RecordingError: it cannot be read, is larger than 64 MiB, of another format, or damaged.
        """
        from hyperhost.host.recordingfile import read_bytes

        return cls.parse(read_bytes(Path(path)), str(Path(path).name))

    @classmethod
    def parse(cls, data: bytes, source: str = "the recording") -> Recording:
        """Read the bytes of a file, called ``source`` in errors.

        Raises:
            RecordingError: it is of another format, or damaged; names what is wrong.
        """
        from hyperhost.host.recordingfile import check_document, load_json

        document = load_json(data, source)
        check_document(document, source)
        return cls(document)


def make_recording(tape: Tape, error: BaseException | None = None) -> Recording:
    """The recording of a finished call.

    Args:
        tape: What happened; its ``about`` is an :class:`Origin`.
        error: What ended it, where the tape does not say.

    Raises:
        RecordingError: there was too much of it.
    """
    import hyperhost
    from hyperhost.sandbox.engine import wasmtime_version

    if tape.steps is None:
        raise RecordingError(
            "the call's host calls are too many, or moved too many bytes, to be recorded",
            plugin=tape.plugin,
            hook=tape.export.hook,
            hint="record it with: hyperhost plugin call --record, which keeps more; or call it with less",
        )
    origin: Origin = tape.about
    error = error or tape.error
    mask = _mask(tape, origin)
    export, writer = tape.export, Writer("python", mask)
    kinds = {name: kind for name, _, kind in export.host.parameters}
    document = {
        "format": FORMAT,
        "recorded": {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "hyperhost": hyperhost.__version__,
            "contract": CONTRACT_VERSION,
            "wasmtime": wasmtime_version(),
        },
        "plugin": {
            "id": tape.plugin,
            "version": origin.version,
            "digest": origin.digest,
            "publisher": origin.publisher,
            "component": origin.component,
        },
        "hook": export.hook,
        "arguments": {
            name: writer.value(kinds[name], value)
            for name, value in zip(export.arguments, tape.arguments, strict=True)
        },
        "instances": {"mode": tape.mode, "reused": tape.reused},
        "limits": dataclasses.asdict(tape.limits),
        "granted": list(tape.granted),
        "config": mask.plain(tape.config),
        "calls": [_call(step, mask) for step in tape.steps],
        "end": _end(tape, error, mask, writer),
        "fuel": tape.fuel,
    }
    document["masked"] = {"texts": mask.used, "free": mask.free}
    return Recording(document)


def _mask(tape: Tape, origin: Origin) -> Mask:
    """Everything secret that is known of the call, from its host calls, configuration and grants."""
    answered: list[str | bytes] = [
        *config_secrets(origin.config_schema, tape.config),
        *tape.environ.values(),
        *tape.secrets,
    ]
    given: list[str | bytes] = []
    for function, arguments, answer in tape.steps or ():
        if function is None:
            continue
        if isinstance(function.type.result, Result) and answer is not UNANSWERED:
            answer = answer[1]
        found = secrets_of(
            function.interface, function.function, arguments, None if answer is UNANSWERED else answer
        )
        answered += found.answered
        given += found.given
    return Mask(answered, given)


def _call(step: Step, mask: Mask) -> dict[str, Any]:
    function, arguments, answer = step
    if function is None:
        return {"interface": "", "function": DROP, "arguments": arguments, "ended": True}
    writer, kind = Writer("wit", mask), function.type
    written: Any = None
    if arguments is not None:
        pairs = zip(kind.parameters, arguments, strict=True)
        written = [writer.value(each, value) for (_, _, each), value in pairs]
    entry = {"interface": function.interface, "function": function.function, "arguments": written}
    if answer is UNANSWERED:
        return {**entry, "ended": True}
    if isinstance(kind.result, Result):
        return {**entry, **writer.value(kind.result, answer)}
    return {**entry, "answer": writer.value(kind.result, answer)}


def _end(tape: Tape, error: BaseException | None, mask: Mask, writer: Writer) -> dict[str, Any]:
    if error is None:
        kind = tape.export.host.result
        return {"result": writer.value(kind.ok if isinstance(kind, Result) else kind, tape.result)}
    if not isinstance(error, HyperHostError):
        return {"error": {"code": type(error).__name__, "message": mask.text(str(error)), "hint": ""}}
    message, hint, rule = said(error)
    told = {"code": error.code, "message": mask.text(message), "hint": mask.text(hint)}
    if isinstance(error, RefusalError):
        told["rule"] = mask.text(rule)
    return {"error": told}


def free_texts(document: Mapping[str, Any]) -> Iterable[str]:
    """Placeholders in whose place a replay may come to something else."""
    found: list[str] = document["masked"]["free"]
    return found
