"""The rules of this team, as a native plugin: trusted Python in the same process."""

from __future__ import annotations

from contract import Decision, Escalate, File, Mail, MailRefused, Priority

import hyperhost

LARGEST = 10_000_000


class TeamRules:
    """Refuses huge mails, escalates outages, files newsletters."""

    plugin_id = "team-rules"

    @hyperhost.hookimpl
    def accept_mail(self, mail: Mail) -> None:
        size = sum(attachment.size for attachment in mail.attachments)
        if size > LARGEST:
            raise MailRefused(f"{size / 1e6:.0f} MB of attachments, at most 10", "team.size")

    @hyperhost.hookimpl
    def triage_mail(self, mail: Mail) -> Decision | None:
        if "outage" in mail.subject.lower():
            return Escalate("operations", Priority.URGENT if mail.sender.known else Priority.NORMAL)
        if "unsubscribe" in mail.body.lower():
            return File("newsletters")
        return None

    @hyperhost.hookimpl
    def tag_mail(self, mail: Mail) -> list[str]:
        return [mail.sender.address.partition("@")[2], *(["attachments"] if mail.attachments else [])]
