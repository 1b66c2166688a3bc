"""The contract between the mail program and its plugins: three hooks and the types they speak."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import hyperhost
from hyperhost.contracts.types import U32
from hyperhost.errors import RefusalError


class Priority(Enum):
    """How soon somebody must look."""

    NORMAL = "normal"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote; ``known`` means that this address was answered before."""

    address: str
    known: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came along; ``size`` in bytes."""

    name: str
    size: U32


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as plugins see it."""

    sender: Person
    subject: str
    body: str
    attachments: list[Attachment] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class File:
    """Put it into a folder; nobody is told."""

    folder: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer it at once with this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Escalate:
    """Hand it to a team."""

    team: str
    priority: Priority


Decision = File | Reply | Escalate


class MailRefused(RefusalError):
    """A plugin does not want the mail in the house."""


class InboxHooks:
    """What plugins of the mail program may answer."""

    @hyperhost.hookspec(raises=MailRefused)
    def accept_mail(self, mail: Mail) -> None:
        """Return to let the mail in, refuse to keep it out. A gate: who faults keeps it out as well."""

    @hyperhost.hookspec(firstresult=True)
    def triage_mail(self, mail: Mail) -> Decision | None:
        """Decide what happens to the mail, or return ``None`` to leave it to others."""

    @hyperhost.hookspec(on_fault="skip")
    def tag_mail(self, mail: Mail) -> list[str]:  # type: ignore[empty-body]
        """Words to find the mail by. An observer: who faults is left out."""
