"""Logins with OpenID Connect against a provider that runs as a process of its own, honest and dishonest."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import oidc_provider
import pytest
from identity_hosts import Identities, identity_host

import hyperhost
from builtin_plugins.identity_oidc.plugin import IdentityOidc
from hyperhost.contracts import CredentialKind, LoginStart, Principal
from hyperhost.errors import AuthenticationError, ConfigError, NotFoundError, OperationError

BACK = "http://127.0.0.1:9/back"


class _Stay(urllib.request.HTTPRedirectHandler):
    """A browser that stops where it would be sent."""

    def redirect_request(self, *args: Any, **more: Any) -> None:
        return None


class Provider:
    """The process, as tests talk to it."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def next(self, **how: Any) -> None:
        """Be dishonest the next time."""
        self._post("/test/next", how)

    def rotate(self) -> None:
        """Sign with a new key."""
        self._post("/test/rotate", {})

    def visit(self, url: str) -> str:
        """Where a browser is sent from an address: the query."""
        try:
            urllib.request.build_opener(_Stay).open(url, timeout=10)
        except urllib.error.HTTPError as answer:
            with answer:
                if answer.status == 302:
                    return urlsplit(answer.headers["Location"]).query
        raise AssertionError("the provider sent the browser nowhere")

    def _post(self, path: str, data: dict[str, Any]) -> None:
        request = urllib.request.Request(f"{self.issuer}{path}", json.dumps(data).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    program = Path(oidc_provider.__file__)
    with subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield Provider(process.stdout.readline().strip())
        process.stdin.close()
        process.wait(10)


def config(provider: Provider, **more: Any) -> dict[str, Any]:
    """Configuration of the plugin."""
    acme = {
        "issuer": provider.issuer,
        "client_id": oidc_provider.CLIENT,
        "client_secret_env": "ACME_CLIENT_SECRET",
        "roles_claim": "groups",
        "roles": {"staff": "publisher"},
        **more,
    }
    return {"identity-oidc": {"providers": {"acme": acme}}}


@pytest.fixture
def ids(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Identities]:
    monkeypatch.setenv("ACME_CLIENT_SECRET", oidc_provider.SECRET)
    provider.next()
    with identity_host({"identity-oidc": IdentityOidc()}, config=config(provider)) as made:
        made.now = time.time_ns() // 1000  # the provider's clock is the machine's
        yield made


def begun(ids: Identities) -> LoginStart:
    return hyperhost.start_login(ids.host, "acme", BACK)


def login(ids: Identities, provider: Provider) -> Principal:
    start = begun(ids)
    return ids.shown(CredentialKind.OIDC, provider.visit(start.url), start.flow)


def test_a_login_gives_a_principal_with_mapped_roles_only(ids: Identities, provider: Provider) -> None:
    who = login(ids, provider)
    assert who.id == f"oidc:acme:{oidc_provider.SUBJECT}"
    assert (who.name, who.roles) == ("Alice Example", ["publisher"])  # the group "admin" is mapped to nothing
    assert who.attributes["email"] == "alice@acme.example"
    made = ids.as_(who).run("session_create")
    again = ids.token(made["secret"])
    assert (again.id, again.roles) == (who.id, ["publisher"])


def test_what_leaves_for_the_browser_holds_no_secret(ids: Identities, provider: Provider) -> None:
    start = begun(ids)
    query = parse_qs(urlsplit(start.url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert "code_verifier" not in query
    assert oidc_provider.SECRET not in start.url
    assert start.flow not in start.url


def test_the_keys_of_the_provider_may_rotate(ids: Identities, provider: Provider) -> None:
    login(ids, provider)
    provider.rotate()
    ids.later(31)  # a key that is not known is asked for again after a while
    assert login(ids, provider).id.startswith("oidc:acme:")


@pytest.mark.parametrize(
    ("how", "rule", "words"),
    [
        ({"claims": {"nonce": "of-another-login"}}, "nonce", "belongs to another login"),
        ({"claims": {"nonce": None}}, "nonce", "belongs to another login"),
        ({"claims": {"iss": "https://id.evil.example"}}, "issuer", "issued by somebody else"),
        ({"claims": {"aud": "another-client"}}, "audience", "issued for somebody else"),
        ({"claims": {"aud": ["hyperhost", "another-client"]}}, "azp", "does not say who asked"),
        ({"claims": {"aud": ["hyperhost", "other"], "azp": "other"}}, "azp", "another client asked"),
        ({"claims": {"azp": "another-client"}}, "azp", "another client asked"),
        ({"claims": {"at_hash": "A" * 22}}, "at-hash", "access token was exchanged"),
        ({"answer": {"access_token": "of-somebody-else"}}, "at-hash", "access token was exchanged"),
        ({"claims": {"exp": 1_000_000_000}}, "expired", "has expired"),
        ({"claims": {"exp": None}}, "claims", "never expires"),
        ({"claims": {"iat": None}}, "expired", "too long ago"),
        ({"claims": {"iat": 4_000_000_000}}, "not-yet", "issued in the future"),
        ({"claims": {"sub": None}}, "claims", "whom it is about"),
        ({"claims": {"sub": "new\nline"}}, "claims", "whom it is about"),
        ({"alg": "none"}, "form", "no signed token"),
        ({"alg": "HS256", "key": "public"}, "algorithm", "algorithm that is not allowed"),
        ({"key": "other"}, "signature", "signature of the token does not hold"),
        ({"answer": {"id_token": None}}, "form", "no ID token"),
        ({"state": "of-another-login"}, "state", "belongs to another login"),
        ({"iss": "https://id.evil.example"}, "issuer", "comes from another provider"),
        ({"error": "access_denied"}, "denied", "access_denied"),
    ],
)
def test_a_dishonest_answer_lets_nobody_in(
    ids: Identities, provider: Provider, how: dict[str, Any], rule: str, words: str
) -> None:
    start = begun(ids)
    provider.next(**how)
    with pytest.raises(AuthenticationError, match=words) as caught:
        ids.shown(CredentialKind.OIDC, provider.visit(start.url), start.flow)
    assert caught.value.rule == rule


def test_a_code_injected_into_another_login_is_refused(ids: Identities, provider: Provider) -> None:
    victim, attacker = begun(ids), begun(ids)
    query = provider.visit(attacker.url)
    with pytest.raises(AuthenticationError, match="belongs to another login"):
        ids.shown(CredentialKind.OIDC, query, victim.flow)


def test_a_stolen_code_is_of_no_use_without_the_verifier(ids: Identities, provider: Provider) -> None:
    victim, attacker = begun(ids), begun(ids)
    code = parse_qs(provider.visit(victim.url))["code"][0]
    state = parse_qs(urlsplit(attacker.url).query)["state"][0]
    with pytest.raises(AuthenticationError, match="status 400"):
        ids.shown(CredentialKind.OIDC, f"code={code}&state={state}&iss={provider.issuer}", attacker.flow)


def test_an_answer_is_taken_once(ids: Identities, provider: Provider) -> None:
    start = begun(ids)
    query = provider.visit(start.url)
    ids.shown(CredentialKind.OIDC, query, start.flow)
    with pytest.raises(AuthenticationError, match="no such login was begun"):
        ids.shown(CredentialKind.OIDC, query, start.flow)


def test_a_login_that_failed_cannot_be_tried_again(ids: Identities, provider: Provider) -> None:
    start = begun(ids)
    query = provider.visit(start.url)
    with pytest.raises(AuthenticationError, match="belongs to another login"):
        ids.shown(CredentialKind.OIDC, "code=x&state=y", start.flow)
    with pytest.raises(AuthenticationError, match="no such login was begun"):
        ids.shown(CredentialKind.OIDC, query, start.flow)


def test_a_parameter_given_twice_is_refused(ids: Identities, provider: Provider) -> None:
    start = begun(ids)
    query = provider.visit(start.url)
    with pytest.raises(AuthenticationError, match="something twice"):
        ids.shown(CredentialKind.OIDC, f"{query}&code=of-the-attacker", start.flow)


def test_a_login_that_took_too_long_is_over(ids: Identities, provider: Provider) -> None:
    start = begun(ids)
    query = provider.visit(start.url)
    ids.later(601)
    with pytest.raises(AuthenticationError, match="took too long"):
        ids.shown(CredentialKind.OIDC, query, start.flow)


def test_a_configuration_of_another_issuer_is_not_taken(ids: Identities, provider: Provider) -> None:
    provider.next(configuration={"issuer": "https://id.evil.example"})
    with pytest.raises(OperationError, match="says that it is somebody else"):
        begun(ids)


def test_the_browser_is_not_sent_back_to_anywhere(ids: Identities) -> None:
    for address in ("http://evil.example/", "javascript:alert(1)", "file:///etc/passwd"):
        with pytest.raises(OperationError, match="no address to come back to"):
            hyperhost.start_login(ids.host, "acme", address)
    with pytest.raises(NotFoundError, match="no provider 'evil'"):
        hyperhost.start_login(ids.host, "evil", BACK)


def test_a_failed_login_is_audited_without_code_and_flow(ids: Identities, provider: Provider) -> None:
    start = begun(ids)
    provider.next(claims={"nonce": "wrong"})
    query = provider.visit(start.url)
    with pytest.raises(AuthenticationError):
        ids.shown(CredentialKind.OIDC, query, start.flow)
    [entry] = ids.entries("authentication_failed")
    assert entry["error"]["rule"] == "unauthenticated:oidc:nonce"
    assert start.flow not in json.dumps(entry)
    assert parse_qs(query)["code"][0] not in json.dumps(entry)


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"algorithms": ["HS256"]}, "HS256"), ({"algorithms": ["none"]}, "none"), ({"secret": "x"}, "unknown")],
)
def test_a_configuration_that_would_be_unsafe_is_refused(
    provider: Provider, changed: dict[str, Any], words: str
) -> None:
    with (
        pytest.raises(ConfigError, match=words),
        identity_host({"identity-oidc": IdentityOidc()}, config=config(provider, **changed)),
    ):
        pass
