"""What looks like a secret: found wherever it stands, told without repeating it, and in linear time."""

from __future__ import annotations

import pytest

from builtin_plugins.policy.leaks import leaks_in_data, leaks_in_text

TOKENS = {
    "aws-access-key": "AKIA" + "Q7ZQ4N2M8P5T3R6W",
    "github-token": "ghp_" + "a1B2" * 9,
    "gitlab-token": "glpat-" + "x" * 20,
    "slack-token": "xoxb-" + "1234567890",
    "google-key": "AIza" + "a" * 35,
    "payment-key": "sk_live_" + "a" * 20,
    "package-token": "npm_" + "b" * 36,
    "json-web-token": "eyJ" + "a" * 12 + ".eyJ" + "b" * 12 + "." + "c" * 12,
    "private-key": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "address-with-password": "amqp://app:correct-horse@mq.acme.test",
    "password": 'password: "correct-horse"',
}


@pytest.mark.parametrize("kind", TOKENS)
def test_a_token_is_found_by_its_form_on_its_line_and_is_not_repeated(kind: str) -> None:
    found = list(leaks_in_text(f"first\nsecond = 1\n  x {TOKENS[kind]} y\n", "content"))
    assert (kind, "content line 3") in found
    [(_, place)] = set(leaks_in_data({"a": [{"b": TOKENS[kind]}]}))
    assert place == "manifest.a[0].b"
    assert TOKENS[kind] not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "password: ${DB_PASSWORD}",
        'token = "{{ token }}"',
        "secret: env.DB_SECRET",
        "api_key=os.environ['KEY']",
        "password = ********",
        "the password is long enough",
        "http://localhost:8080/a@b",
        "AKIAshort",
        "compass=northward",
    ],
)
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert list(leaks_in_text(text, "content")) == []


def test_a_key_that_is_itself_a_secret_is_not_repeated() -> None:
    [(kind, place)] = leaks_in_data({TOKENS["aws-access-key"]: {"password": "correct-horse"}})
    assert (kind, place) == ("password", "manifest.….password")


def test_nesting_without_end_is_a_finding_and_no_crash() -> None:
    data: object = "x"
    for _ in range(80):
        data = [data]
    assert [kind for kind, _ in leaks_in_data(data)] == ["too-deep"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece",
    ["-eyJ", "eyJaaaaaaaaaaaa.", "a://a:", "password=", 'password="', "token_", "secret-secret.", "a.b-c_"],
)
def test_a_text_that_almost_matches_everywhere_takes_linear_time(piece: str) -> None:
    for _ in leaks_in_text(piece * ((2 << 20) // len(piece)), "content"):
        pass


@pytest.mark.timeout(60)
def test_a_flood_of_findings_on_one_long_line_ends() -> None:
    found = list(leaks_in_text(f"{TOKENS['aws-access-key']} " * 200_000, "content"))
    assert len(found) == 100
