"""The manifest of a template, as the registry hands it out (SPEC section 2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hyperhost.contracts.codec import DataError, from_data
from hyperhost.contracts.outputs import OutputKind
from hyperhost.offering import invalid

__all__ = ["Output", "Parameter", "Step", "Template", "read_template"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. ``min`` and ``max`` bound a number, the length of a text, the count of a list."""

    name: str
    type: str = "string"
    description: str = ""
    required: bool = False
    default: Any = None
    pattern: str | None = None
    enum: list[Any] | None = None
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """One thing that is generated; ``path`` and ``content`` are templates."""

    path: str
    kind: OutputKind = OutputKind.FILE
    content: str = ""
    mode: str = "0644"


@dataclass(frozen=True, slots=True)
class Step:
    """A message, or something required: a template that renders to nothing when all is well."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """What a template consists of."""

    engine: str
    outputs: list[Output]
    parameters: list[Parameter] = field(default_factory=list)
    dependencies: list[Any] = field(default_factory=list)
    before: list[Step] = field(default_factory=list)
    after: list[Step] = field(default_factory=list)


def read_template(data: Any) -> Template:
    """The manifest of a template from JSON data.

    Raises:
        RefusalError: it is none, as that of another registry may be.
    """
    try:
        return from_data(Template, data)
    except DataError as error:
        raise invalid(f"manifest.{error.path}".rstrip("."), "type", f"manifest.{error}") from None
