"""What signing adds to publishing, and what the hook adds to verifying.

A publish is one durable operation, audit and events included; the signed one signs the artifact with a key
that is unlocked, in the same operation. Verification asks through ``signing_verify``, which looks up the
key in the store each time, so that a revocation binds at once; the peer is PyNaCl with the key object ready.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from common import Row, Timing, interleave, main

from builtin_plugins.audit.plugin import Audit
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations as OperationsPlugin
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.signing_ed25519.plugin import SigningEd25519
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost import Host, Operations, canonical_json
from hyperhost.contracts import SignerRole

ROUNDS = 5
PUBLISHES = 100
SIGNATURES = 10_000


def measure() -> list[Row]:
    """The rows of this benchmark."""
    with tempfile.TemporaryDirectory(prefix="hyperhost-benchmark-") as place:
        directory = Path(place)
        with Host("benchmark", home=directory / "home") as host:
            host.register(StorageSql(str(directory / "ours.db")), "storage-sql")
            for plugin, name in (
                (ContentMemory(), "content-memory"),
                (Registry(), "registry"),
                (OperationsPlugin(), "operations"),
                (Audit(), "audit"),
                (SigningEd25519(), "signing-ed25519"),
            ):
                host.register(plugin, name)
            key = host.hook.signing_create_key(algorithm="ed25519", expires_at_us=None).id
            published = _publishes(host, key)
            verified = _verifications(host, key)
    plain, signed = published.best("plain"), published.best("signed")
    bare, ours = verified.best("bare"), verified.best("hook")
    return [
        Row(
            "signed publish",
            signed * 1e6,
            plain * 1e6,
            "µs",
            signed / plain,
            1.3,
            "at most",
            published.median("signed") / published.median("plain"),
            "against an unsigned one; SQLite, audit and events included",
        ),
        Row(
            f"{SIGNATURES:,} signatures verified",
            1 / ours,
            1 / bare,
            "/s",
            bare / ours,
            0.7,
            "at least",
            verified.median("bare") / verified.median("hook"),
            "through signing_verify, the key's state read each time; against PyNaCl",
        ),
    ]


def _publishes(host: Host, key: str) -> Timing:
    run = Operations(host).run
    timing = Timing({"plain": [], "signed": []})
    for turn in range(ROUNDS + 1):
        for name, more in (("plain", {}), ("signed", {"key": key})):
            ids = [_created(run, f"{name}-{turn}-{number}") for number in range(PUBLISHES)]
            began = time.perf_counter()
            for each in ids:
                run("publish", artifact=each, **more)
            timing.rounds[name].append((time.perf_counter() - began) / PUBLISHES)
            assert run("verify", artifact=ids[0])["met"] == (name == "signed")
    for name in timing.rounds:
        timing.rounds[name] = timing.rounds[name][1:]  # the first round warms both up
    return timing


def _created(run: Any, name: str) -> str:
    metadata = {"description": f"Part {name} of a shop", "licenses": ["MIT"], "tags": ["shop", "parts"]}
    needs = [{"artifact": "org.acme/base", "constraint": "^1.2.0"}]
    draft = {"namespace": "org.acme", "name": name, "type": "library", "version": "1.0.0"}
    made = run("create", draft=draft | {"metadata": metadata, "dependencies": needs, "visibility": "public"})
    return str(made["artifact"]["id"])


def _verifications(host: Host, key: str) -> Timing:
    from nacl.signing import VerifyKey

    hook = host.hook
    payloads = [canonical_json({"number": number, "text": "x" * 400}) for number in range(SIGNATURES)]
    made = [hook.signing_sign(payload=each, key_id=key, signer=SignerRole.PUBLISHER) for each in payloads]
    known = VerifyKey(hook.signing_list_keys()[0].public_key)
    pairs = list(zip(payloads, made, strict=True))

    def bare(count: int) -> None:
        for payload, signature in pairs[:count]:
            known.verify(payload, signature.value)

    def ours(count: int) -> None:
        for payload, signature in pairs[:count]:
            assert hook.signing_verify(payload=payload, signature=signature).valid

    return interleave({"bare": bare, "hook": ours}, rounds=ROUNDS, calls=SIGNATURES)


if __name__ == "__main__":
    main(measure)
