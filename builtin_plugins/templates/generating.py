"""The operation ``generate``: read a template, check parameters, render, check what came out.

Nothing is written here. Files are handed out as data, for whoever asked to write
(:func:`hyperhost.write_outputs`); artifacts are created through the same door as any other.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.contracts.outputs import Generated, GeneratedOutput, OutputKind, paths_problem
from hyperhost.contracts.schema import schema_of
from hyperhost.errors import RefusalError
from hyperhost.offering import invalid

from .manifest import Output, Step, Template, read_template
from .parameters import complete
from .rendering import Engines

__all__ = ["MAX_ARGUMENT_BYTES", "MAX_OUTPUT_BYTES", "generate", "information"]

MAX_ARGUMENT_BYTES: Final = 1 << 20
"""Bytes of the arguments, parameters included."""

MAX_OUTPUT_BYTES: Final = 8 << 20
"""Bytes of everything that one call generates."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments of ``generate``.

    Attributes:
        artifact: The template, as in any operation.
        parameters: Values by name of the parameter.
        dry_run: Create no artifacts; everything else happens as it would.
    """

    artifact: str
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    dry_run: bool = False


def information() -> OperationInfo:
    """What front ends are told of the operation."""
    return OperationInfo(
        "generate",
        "Generate what a template describes, as data.",
        "artifact",
        "template:generate",
        reads_private=True,
        arguments_schema_json=json.dumps(schema_of(Arguments), separators=(",", ":")),
        result_schema_json=json.dumps(schema_of(Generated), separators=(",", ":")),
    )


def generate(call: OperationCall, hook: Any, engines: Engines) -> OperationOutcome:
    """Run the operation.

    Raises:
        RefusalError: the template, a parameter or something generated is not what it has to be.
    """
    arguments = _arguments(call.arguments_json)
    door = _Door(call, hook)
    artifact = door.ask("read", artifact=arguments.artifact)
    name = f"{artifact['namespace']}/{artifact['name']}@{artifact['version']}"
    if artifact["type"] != "template":
        raise invalid(
            "artifact", "type", f"{name} is a {artifact['type']} and no template", "name a template"
        )
    template = read_template(door.ask("read_manifest", artifact=artifact["id"]))
    values = complete(template.parameters, arguments.parameters)
    before, outputs, after = _rendered(template, engines, json.dumps(values, ensure_ascii=False))
    drafts = [_draft(each, at) for at, each in enumerate(outputs) if each.kind is OutputKind.ARTIFACT]
    created = [] if arguments.dry_run else _created(hook, door, drafts)
    made = Generated(name, outputs, before, after, created)
    details = {"outputs": len(outputs), "created": created, "dry_run": arguments.dry_run}
    return OperationOutcome(
        json.dumps(to_data(made), ensure_ascii=False, separators=(",", ":")),
        target=name,
        namespace=artifact["namespace"],
        details_json=json.dumps(details),
        private=door.private,
    )


def _rendered(
    template: Template, engines: Engines, parameters_json: str
) -> tuple[list[str], list[GeneratedOutput], list[str]]:
    """Messages before, outputs, messages after. What is required is looked at before anything else."""
    first = {f"manifest.before[{at}].text": step.text for at, step in enumerate(template.before)}
    made = engines.render(template.engine, first, parameters_json)
    before = _messages(template.before, "before", made)
    texts = {f"manifest.after[{at}].text": step.text for at, step in enumerate(template.after)}
    for at, output in enumerate(template.outputs):
        texts[f"manifest.outputs[{at}].path"] = output.path
        if output.kind is not OutputKind.DIRECTORY:
            texts[f"manifest.outputs[{at}].content"] = output.content
    made = engines.render(template.engine, texts, parameters_json)
    if sum(len(text.encode()) for text in made.values()) > MAX_OUTPUT_BYTES:
        raise invalid("template", "limit", f"it generates more than {MAX_OUTPUT_BYTES >> 20} MiB")
    outputs = [_output(output, at, made) for at, output in enumerate(template.outputs)]
    problem = paths_problem(outputs)
    if problem is not None:
        at, reason = problem
        field = f"manifest.outputs[{at}].path"
        raise invalid(field, "path", f"the output {outputs[at].path[:120]!r} is refused: {reason}")
    return before, outputs, _messages(template.after, "after", made)


def _output(output: Output, at: int, made: Mapping[str, str]) -> GeneratedOutput:
    path = made[f"manifest.outputs[{at}].path"]
    mode = int(output.mode, 8)
    if output.kind is OutputKind.DIRECTORY:
        mode |= (mode & 0o444) >> 2  # who may read a folder may enter it
        path = path.rstrip("/") if path.strip("/") else path
    text = made.get(f"manifest.outputs[{at}].content", "")
    return GeneratedOutput(path, output.kind, f"{mode:04o}", text)


def _messages(steps: list[Step], place: str, made: Mapping[str, str]) -> list[str]:
    """The messages among steps.

    Raises:
        RefusalError: something that is required is not so; what its text rendered to says why.
    """
    found = []
    for at, step in enumerate(steps):
        field = f"manifest.{place}[{at}].text"
        text = made[field].strip()
        if step.kind == "message":
            found.append(text)
        elif text:
            raise invalid("parameters", "require", text[:1_000], f"the template requires it ({field})")
    return found


def _draft(output: GeneratedOutput, at: int) -> dict[str, Any]:
    """The draft of an artifact: what its text says, with the coordinates that its path says."""
    field = f"manifest.outputs[{at}]"
    namespace, slash, rest = output.path.strip().partition("/")
    name, marked, version = rest.partition("@")
    if not (slash and name and marked and version):
        raise invalid(f"{field}.path", "reference", f"{output.path[:120]!r} is no namespace/name@version")
    try:
        draft = json.loads(output.text)
    except (ValueError, RecursionError) as error:
        raise invalid(
            f"{field}.content", "json", f"the draft of {output.path[:120]} is no JSON: {error}"
        ) from None
    if not isinstance(draft, dict):
        raise invalid(f"{field}.content", "object", f"the draft of {output.path[:120]} is no JSON object")
    return {**draft, "namespace": namespace, "name": name, "version": version}


def _created(hook: Any, door: _Door, drafts: list[dict[str, Any]]) -> list[str]:
    """Create artifacts, all or none; their ids."""
    if not drafts:
        return []
    outermost = hook.storage_begin(write=True)
    try:
        ids = [str(door.ask("create", draft=draft)["artifact"]["id"]) for draft in drafts]
    except BaseException:
        hook.storage_end(commit=False)
        raise
    if not hook.storage_end(commit=True) and outermost:
        raise RefusalError("nothing was kept, as a part of it was undone", "storage.failed")
    return ids


class _Door:
    """Asks for other operations on behalf of the same principal, so that each is judged by itself."""

    def __init__(self, call: OperationCall, hook: Any) -> None:
        self._call = call
        self._hook = hook
        self.private = False

    def ask(self, operation: str, **arguments: Any) -> Any:
        """The answer of an operation."""
        call = dataclasses.replace(
            self._call,
            operation=operation,
            arguments_json=json.dumps(arguments, ensure_ascii=False, separators=(",", ":")),
        )
        outcome: OperationOutcome | None = self._hook.operation_run(call=call)
        if outcome is None:
            raise RefusalError(f"no plugin offers the operation {operation!r}", "state:registry")
        self.private = self.private or outcome.private
        return json.loads(outcome.result_json)


def _arguments(text: str) -> Arguments:
    if len(text) > MAX_ARGUMENT_BYTES:
        raise invalid("", "size", f"the arguments are longer than {MAX_ARGUMENT_BYTES >> 20} MiB")
    try:
        return from_data(Arguments, json.loads(text, parse_constant=_no_constant))
    except RecursionError:
        raise invalid("", "depth", "the arguments are nested too deeply") from None
    except DataError as error:
        raise invalid(error.path, "type", f"{error.path or 'the arguments'} {error.problem}") from None
    except ValueError as error:
        raise invalid("", "json", f"the arguments are no JSON: {str(error)[:200]}") from None


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")
