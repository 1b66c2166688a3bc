"""Attacks on JSON Web Tokens: confused algorithms, keys brought along, claims that do not hold."""

from __future__ import annotations

import base64
import hmac
import json
import os
import threading
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from identity_hosts import NOW, SECOND, Identities, identity_host
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from builtin_plugins.identity_jwt.plugin import IdentityJwt
from hyperhost.contracts import CredentialKind
from hyperhost.errors import AccessDeniedError, AuthenticationError, ConfigError, InvalidInputError

ISSUER = "https://id.acme.example"
SECRET = "a shared secret of at least 32 bytes!"
AT = NOW // SECOND


def encoded(data: Any) -> str:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


class Keys:
    """Keys of an issuer, one of each kind."""

    def __init__(self) -> None:
        self.rsa = RSAKey.generate_key(2048, {"kid": "rsa-1"})
        self.ed = OKPKey.generate_key("Ed25519", {"kid": "ed-1"})
        self.ec = ECKey.generate_key("P-256", {"kid": "ec-1"})
        self.shared = OctKey.import_key(SECRET)

    def public(self, *more: Any) -> dict[str, Any]:
        """The key set that the issuer publishes."""
        found: dict[str, Any] = KeySet([self.rsa, self.ed, self.ec, *more]).as_dict(private=False)
        return found


KEYS = Keys()


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that hold; ``None`` removes one."""
    base = {"iss": ISSUER, "sub": "alice", "aud": "hyperhost", "iat": AT, "nbf": AT, "exp": AT + 300}
    return {name: value for name, value in (base | changes).items() if value is not None}


def token(alg: str = "EdDSA", key: Any = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token."""
    used = key or {"EdDSA": KEYS.ed, "RS256": KEYS.rsa, "ES256": KEYS.ec, "HS256": KEYS.shared}[alg]
    heading = {"alg": alg, **({"kid": used.kid} if used.key_type != "oct" else {}), **(header or {})}
    return signed(heading, claims(**changes), used)


def signed(header: dict[str, Any], payload: dict[str, Any], key: Any) -> str:
    """A token with this header."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # "EdDSA" has another name since 2025
        return jwt.encode(header, payload, key, algorithms=[header["alg"]])


def by_hand(header: Any, payload: Any, secret: bytes | None = None) -> str:
    """A token that a library would not make; signed with HMAC, or not at all."""
    signing = f"{encoded(header)}.{encoded(payload)}"
    mac = hmac.digest(secret, signing.encode(), "sha256") if secret is not None else b""
    return f"{signing}.{encoded(mac)}"


def config(path: Path, **more: Any) -> dict[str, Any]:
    """Configuration of the plugin, with one issuer of public keys."""
    acme = {
        "issuer": ISSUER,
        "audience": ["hyperhost"],
        "algorithms": ["EdDSA", "RS256", "ES256"],
        "keys": str(path),
        "roles_claim": "groups",
        "roles": {"release": "publisher"},
        **more,
    }
    return {
        "identity-jwt": {"issuers": {"acme": {key: each for key, each in acme.items() if each is not None}}}
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(KEYS.public()))
    return file


@pytest.fixture
def ids(path: Path) -> Iterator[Identities]:
    with identity_host({"identity-jwt": IdentityJwt()}, config=config(path)) as made:
        yield made


def refused(ids: Identities, text: str) -> str:
    """The rule by which a token is refused."""
    with pytest.raises(AuthenticationError) as caught:
        ids.shown(CredentialKind.JWT, text)
    assert not ids.host.faults
    return str(caught.value.rule)


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519", "RS256", "ES256"])
def test_a_token_that_holds_gives_a_principal(ids: Identities, alg: str) -> None:
    used = KEYS.ed if alg == "Ed25519" else None  # its name since RFC 9864
    who = ids.token(token(alg, used, groups=["release", "admin"], name="Alice"))
    assert (who.id, who.name, who.roles) == ("jwt:acme:alice", "Alice", ["publisher"])


def test_a_shared_secret_works_by_itself(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("ACME_SECRET", SECRET)
    shared = config(path, algorithms=["HS256"], keys=None, secret_env="ACME_SECRET")
    with identity_host({"identity-jwt": IdentityJwt()}, config=shared) as ids:
        assert ids.token(token("HS256")).id == "jwt:acme:alice"
        assert refused(ids, token("HS256", OctKey.import_key("x" * 40))) == "signature"
        assert refused(ids, token("EdDSA")) == "algorithm"
        for weak in ("", "too short", KEYS.rsa.as_pem(private=False).decode(), json.dumps(KEYS.public())):
            monkeypatch.setenv("ACME_SECRET", weak)
            assert refused(ids, token("HS256")) == "keys"


def test_alg_none_is_refused_however_it_is_written(ids: Identities) -> None:
    for alg in ("none", "None", "NONE", "nOnE"):
        unsigned = by_hand({"alg": alg}, claims())
        assert refused(ids, unsigned) == "form"  # the signature is missing
        assert refused(ids, unsigned + encoded(b"x")) == "algorithm"


def test_a_public_key_is_no_shared_secret(ids: Identities) -> None:
    forms = [
        KEYS.rsa.as_pem(private=False),
        KEYS.rsa.as_pem(private=False).rstrip(),
        KEYS.rsa.as_der(private=False),
        json.dumps(KEYS.rsa.as_dict(private=False)).encode(),
    ]
    for secret in forms:
        for header in ({"alg": "HS256", "kid": "rsa-1"}, {"alg": "HS256"}, {"alg": "RS256", "kid": "rsa-1"}):
            assert refused(ids, by_hand(header, claims(), secret)) in ("algorithm", "signature", "key")


def test_a_key_of_one_algorithm_is_not_used_with_another(ids: Identities) -> None:
    assert refused(ids, token("RS256", header={"kid": "ed-1"})) == "key"
    assert refused(ids, token("EdDSA", header={"kid": "rsa-1"})) == "key"
    for alg in ("RS384", "RS512", "PS256", "ES512"):
        assert refused(ids, by_hand({"alg": alg, "kid": "rsa-1"}, claims(), b"x")) == "algorithm"


def test_an_algorithm_that_the_configuration_does_not_name_is_refused(path: Path) -> None:
    with identity_host({"identity-jwt": IdentityJwt()}, config=config(path, algorithms=["EdDSA"])) as ids:
        assert refused(ids, token("RS256")) == "algorithm"
        assert ids.token(token("EdDSA")).id == "jwt:acme:alice"


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": KEYS.ed.as_dict(private=False)},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"typ": "logout+jwt"},
        {"typ": 1},
    ],
)
def test_a_token_does_not_bring_its_key_or_change_the_rules(ids: Identities, header: dict[str, Any]) -> None:
    text = by_hand({"alg": "EdDSA", "kid": "ed-1", **header}, claims(), b"x")
    assert refused(ids, text) == "header"


@pytest.mark.parametrize("kid", ["../../etc/passwd", "/dev/null", "' OR 1=1 --", "", "ED-1", "ed-1\0", "|id"])
def test_a_key_id_finds_nothing_but_a_key_of_that_id(ids: Identities, kid: str) -> None:
    assert refused(ids, token(header={"kid": kid})) == "key"


@pytest.mark.parametrize("kid", [1, ["ed-1"], {"a": 1}, "x" * 257])
def test_a_key_id_that_is_no_short_text_is_refused(ids: Identities, kid: Any) -> None:
    assert refused(ids, by_hand({"alg": "EdDSA", "kid": kid}, claims(), b"x")) == "key"


def test_without_a_key_id_there_has_to_be_one_key_only(ids: Identities, path: Path) -> None:
    text = signed({"alg": "EdDSA"}, claims(), KEYS.ed)
    assert ids.token(text).id == "jwt:acme:alice"
    path.write_text(json.dumps(KEYS.public(OKPKey.generate_key("Ed25519", {"kid": "ed-2"}))))
    assert refused(ids, text) == "key"


def test_two_keys_of_one_id_are_none(ids: Identities, path: Path) -> None:
    evil = OKPKey.generate_key("Ed25519", {"kid": "ed-1"})
    for order in (
        [KEYS.ed, evil],
        [evil, KEYS.ed],
        [KEYS.rsa, OKPKey.generate_key("Ed25519", {"kid": "rsa-1"})],
    ):
        data = {"keys": [each.as_dict(private=False) for each in order]}
        path.write_text(json.dumps(data) + " " * len(str(order[0].kid)))
        os.utime(path, ns=(1, id(order)))
        assert refused(ids, token()) == "keys"


@pytest.mark.parametrize(
    "keys",
    [
        {"keys": [KEYS.ed.as_dict(private=True)]},
        {"keys": [KEYS.rsa.as_dict(private=False) | {"n": KEYS.rsa.as_dict(private=False)["n"][:171]}]},
        {"keys": [KEYS.shared.as_dict(private=True) | {"kid": "ed-1"}]},
        {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "ed-1", "x": "AA"}]},
        {"keys": "none"},
        {"keys": [KEYS.ed.as_dict(private=False)] * 101},
        [],
        None,
    ],
)
def test_key_sets_that_are_unsafe_or_none_let_nobody_in(ids: Identities, path: Path, keys: Any) -> None:
    path.write_text(json.dumps(keys))
    assert refused(ids, token()) in ("keys", "key")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"iss": "https://id.acme.example/"}, "issuer"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"iss": [ISSUER]}, "issuer"),
        ({"aud": "another"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": [1]}, "audience"),
        ({"aud": {"hyperhost": 1}}, "audience"),
        ({"aud": "hyperhost-staging"}, "audience"),
        ({"exp": AT - 30}, "expired"),
        ({"exp": None}, "claims"),
        ({"exp": "tomorrow"}, "claims"),
        ({"exp": True}, "claims"),
        ({"exp": -1}, "claims"),
        ({"exp": 10**18}, "claims"),
        ({"nbf": AT + 31}, "not-yet"),
        ({"nbf": "now"}, "claims"),
        ({"iat": AT + 31}, "not-yet"),
        ({"sub": None}, "claims"),
        ({"sub": ""}, "claims"),
        ({"sub": 7}, "claims"),
        ({"sub": "a b"}, "claims"),
        ({"sub": "\u0430lice"}, "claims"),
    ],
)
def test_claims_that_do_not_hold(ids: Identities, changes: dict[str, Any], rule: str) -> None:
    assert refused(ids, token(**changes)) == rule


@pytest.mark.parametrize(
    "changes", [{"exp": AT - 29}, {"nbf": AT + 30}, {"iat": AT + 30}, {"aud": ["x", "hyperhost"]}]
)
def test_clocks_may_differ_by_the_leeway(ids: Identities, changes: dict[str, Any]) -> None:
    assert ids.token(token(**changes)).id == "jwt:acme:alice"


def test_a_token_may_be_limited_in_age(path: Path) -> None:
    with identity_host({"identity-jwt": IdentityJwt()}, config=config(path, max_age_s=60)) as ids:
        assert ids.token(token(iat=AT - 90)).id == "jwt:acme:alice"
        assert refused(ids, token(iat=AT - 91)) == "expired"
        assert refused(ids, token(iat=None)) == "expired"


def test_a_forged_truncated_or_changed_token_is_refused(ids: Identities) -> None:
    text = token()
    header, payload, signature = text.split(".")
    assert refused(ids, f"{header}.{encoded(claims(sub='root'))}.{signature}") == "signature"
    assert refused(ids, f"{header}.{payload}.{signature[:-4]}") == "signature"
    assert refused(ids, f"{header}.{payload}") == "form"
    assert refused(ids, f"{text}.{signature}") == "form"
    assert refused(ids, f"{text}=") == "form"
    assert refused(ids, text.replace("-", "+").replace("_", "/") + "+") == "form"
    assert refused(ids, token(key=OKPKey.generate_key("Ed25519", {"kid": "ed-1"}))) == "signature"
    assert refused(ids, "") == "form"


def test_a_name_that_is_given_twice_is_refused(ids: Identities) -> None:
    twice = json.dumps(claims())[:-1].encode() + b', "sub": "root"}'
    assert refused(ids, by_hand(b'{"alg": "EdDSA", "kid": "ed-1", "alg": "none"}', claims(), b"x")) == "form"
    assert refused(ids, f"{encoded({'alg': 'EdDSA'})}.{encoded(twice)}.{encoded(b'x')}") == "form"


def test_an_oversized_or_deep_token_is_refused_before_it_is_read(ids: Identities) -> None:
    assert refused(ids, token(filler="x" * 16_384)) == "size"
    deep = b'{"a":' * 3_000 + b"1" + b"}" * 3_000
    assert refused(ids, f"{encoded({'alg': 'EdDSA'})}.{encoded(deep[:11_000])}.{encoded(b'x')}") == "form"


def test_a_token_is_not_made_into_something_that_lasts_longer(ids: Identities) -> None:
    who = ids.as_(ids.token(token(groups="release")))
    assert who.run("whoami")["by"] == "jwt"
    for operation, arguments in (("session_create", {}), ("apikey_create", {"name": "more"})):
        with pytest.raises(AccessDeniedError, match="log in"):
            who.run(operation, **arguments)


def test_a_capability_token_made_with_a_token_ends_with_it(ids: Identities) -> None:
    who = ids.as_(ids.token(token(groups="release")))
    limits = {"allow": ["artifact:read"]}
    assert who.run("token_create", limits=limits)["expires_at_us"] == (AT + 300) * SECOND
    with pytest.raises(InvalidInputError, match="would outlive what jwt:acme:alice has logged in with"):
        who.run("token_create", limits=limits | {"expires_at_us": (AT + 301) * SECOND})


def test_a_value_that_is_not_mapped_is_no_role(ids: Identities) -> None:
    assert ids.token(token(groups=["admin", "publisher", {"a": 1}, 7])).roles == []
    assert ids.token(token(groups={"release": 1})).roles == []
    assert ids.token(token(roles=["admin"])).roles == []


def test_an_email_that_was_not_verified_is_not_taken(ids: Identities) -> None:
    assert "email" not in ids.token(token(email="root@acme.example")).attributes
    assert "email" not in ids.token(token(email="root@acme.example", email_verified="true")).attributes


def test_two_issuers_with_one_subject_are_two_principals(path: Path) -> None:
    both = config(path)
    issuers = both["identity-jwt"]["issuers"]
    issuers["other"] = issuers["acme"] | {"issuer": "https://other.example"}
    with identity_host({"identity-jwt": IdentityJwt()}, config=both) as ids:
        assert ids.token(token()).id == "jwt:acme:alice"
        assert ids.token(token(iss="https://other.example")).id == "jwt:other:alice"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"algorithms": ["HS256", "RS256"]}, "mixes HS256"),
        ({"algorithms": ["none"]}, "none"),
        ({"algorithms": ["HS256"]}, "needs secret_env"),
        ({"keys": None}, "needs keys"),
        ({"audience": []}, "audience is missing"),
        ({"audience": "hyperhost"}, "audience is str"),
        ({"leeway_s": 3_600}, "leeway_s"),
        ({"verify": False}, "unknown"),
    ],
)
def test_a_configuration_that_would_be_unsafe_is_refused(
    path: Path, changes: dict[str, Any], words: str
) -> None:
    with (
        pytest.raises(ConfigError, match=words),
        identity_host({"identity-jwt": IdentityJwt()}, config=config(path, **changes)),
    ):
        pass


class _Server:
    """Serves a key set, and counts how often it is asked for."""

    def __init__(self) -> None:
        self.keys: Any = KEYS.public()
        self.status = 200
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                body = outer.keys if isinstance(outer.keys, bytes) else json.dumps(outer.keys).encode()
                self.send_response(outer.status)
                self.send_header("Location", "http://127.0.0.1:9/")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is declared
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/keys"


@pytest.fixture
def server() -> Iterator[_Server]:
    made = _Server()
    thread = threading.Thread(target=made.http.serve_forever, daemon=True)
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join(10)


@pytest.fixture
def fetching(server: _Server) -> Iterator[Identities]:
    with identity_host({"identity-jwt": IdentityJwt()}, config=config(Path(), keys=server.url)) as made:
        yield made


def test_a_new_key_is_found_and_an_old_one_is_gone(fetching: Identities, server: _Server) -> None:
    assert fetching.token(token()).id == "jwt:acme:alice"
    new = OKPKey.generate_key("Ed25519", {"kid": "ed-2"})
    server.keys = KeySet([new]).as_dict(private=False)
    fetching.later(31)
    assert fetching.token(token(key=new)).id == "jwt:acme:alice"
    assert refused(fetching, token()) == "key"


def test_a_key_that_was_withdrawn_is_gone_after_ten_minutes(fetching: Identities, server: _Server) -> None:
    long = token(exp=AT + 9_000)
    assert fetching.token(long).id == "jwt:acme:alice"
    server.keys = KeySet([KEYS.rsa]).as_dict(private=False)
    fetching.later(601)
    assert refused(fetching, long) == "key"


def test_unknown_key_ids_do_not_hammer_the_issuer(fetching: Identities, server: _Server) -> None:
    fetching.token(token())
    for number in range(50):
        assert refused(fetching, token(header={"kid": f"guess-{number}"})) == "key"
    assert server.asked == 1
    fetching.later(31)
    for number in range(50):
        assert refused(fetching, token(header={"kid": f"guess-{number}"})) == "key"
    assert server.asked == 2


def test_known_keys_hold_for_an_hour_while_the_issuer_is_away(fetching: Identities, server: _Server) -> None:
    long = token(exp=AT + 9_000)
    fetching.token(long)
    server.status = 503
    fetching.later(3_000)
    assert fetching.token(long).id == "jwt:acme:alice"
    fetching.later(601)
    assert refused(fetching, long) == "fetch"


@pytest.mark.parametrize(
    ("status", "keys"),
    [(302, KEYS.public()), (200, b"x" * 300_000), (200, b"<html>"), (200, b"{}"), (404, b"")],
)
def test_an_answer_that_is_no_key_set_lets_nobody_in(
    fetching: Identities, server: _Server, status: int, keys: Any
) -> None:
    server.status, server.keys = status, keys
    assert refused(fetching, token()) in ("fetch", "keys")


def test_keys_are_not_fetched_without_tls_from_elsewhere() -> None:
    unsafe = config(Path(), keys="http://id.acme.example/keys")
    with identity_host({"identity-jwt": IdentityJwt()}, config=unsafe) as ids:
        assert refused(ids, token()) == "keys"
