"""Sort the mail of a small support team; run with ``python examples/inbox/main.py``.

The program knows nothing of spam, customers or folders: plugins do. One of them is Python and
trusted, two are components and can do no more than they were granted.
"""

from __future__ import annotations

from pathlib import Path

from contract import Attachment, Decision, Escalate, File, InboxHooks, Mail, MailRefused, Person, Reply
from plugins.team_rules import TeamRules

import hyperhost

PLUGINS = Path(__file__).parent / "plugins"
ADA, EVE = Person("ada@customer.example", known=True), Person("eve@prince.example")
MAILS = [
    Mail(ADA, "Outage in Oslo", "Nothing works since nine. #oslo #network"),
    Mail(EVE, "Dear friend", "I need a Wire Transfer today, and tell nobody."),
    Mail(ADA, "Refund", "Please send it by wire transfer. #billing"),
    Mail(Person("bob@shop.example"), "Question", "What are your opening hours?"),
    Mail(ADA, "Logs", "As promised.", [Attachment("all.log", 40_000_000)]),
    Mail(Person("news@daily.example"), "We are # 1", "Readers say we are # 1. Unsubscribe here."),
]


def start() -> hyperhost.Host:
    """The host with its three plugins."""
    host = hyperhost.Host("inbox", specs=[InboxHooks])
    host.register(TeamRules())
    host.load(PLUGINS / "front_desk.wat", grants=["log"], limits=hyperhost.Limits(memory="1MiB"))
    host.load(PLUGINS / "hashtags.wat", limits=hyperhost.Limits(memory="1MiB", deadline="250ms"))
    return host


def handle(host: hyperhost.Host, mail: Mail) -> str:
    """Take one mail through all hooks; what became of it, in words."""
    try:
        host.hook.accept_mail(mail=mail)
    except MailRefused as refusal:
        return f"refused by {refusal.plugin}: {refusal.reason} ({refusal.rule})"
    except hyperhost.errors.HyperHostError as fault:
        return f"held back, because the gate is broken: {fault.message}"
    decision: Decision = host.hook.triage_mail(mail=mail) or File("inbox")
    tags = sorted({tag for found in host.hook.tag_mail(mail=mail) for tag in found})
    return f"{describe(decision)}; tags: {', '.join(tags)}"


def describe(decision: Decision) -> str:
    """A decision in words."""
    match decision:
        case File(folder):
            return f"filed in {folder}"
        case Reply(text):
            return f"answered: {text!r}"
        case Escalate(team, priority):
            return f"handed to {team}, {priority.value}"


def main() -> None:
    with start() as host:
        for plugin in host.plugins.values():
            print(f"{plugin.kind:9}  {plugin.id:10}  {', '.join(plugin.hooks)}")
        print()
        for mail in MAILS:
            print(f"{mail.subject:14}  {handle(host, mail)}")

        print("\nFaults, each survived:")
        for fault in host.faults:
            print(f"  {fault.code}: {fault.message}")

        print("\nLog of the front desk:")
        for line in host.state.logs("front-desk"):
            print(f"  {line.level}: {line.message}")

        host.plugin("front-desk").revoke("log")
        print("\nWithout its grant to log, the front desk fails, and as a gate it fails closed:")
        print(f"{MAILS[1].subject:14}  {handle(host, MAILS[1])}")


if __name__ == "__main__":
    main()
