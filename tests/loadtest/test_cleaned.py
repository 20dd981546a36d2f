"""No part of an address that is secret is shown, whatever the address; nor is a value that was given to be hidden."""

import base64

import pytest
from awkward_secrets import AWKWARD_SECRET, spelled
from hypothesis import given
from hypothesis import strategies as st

from loadtest.cleaned import hide, holds_hidden, printable, public_url, shown, without_secrets, without_values

SECRET = st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~!*"), min_size=8, max_size=30)
AROUND = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)


@given(SECRET, SECRET, SECRET, AROUND)
def test_no_secret_of_an_address_is_shown_nor_left_in_a_text_that_quotes_it(password, value, fragment, around):
    secrets = [f"Q1{password}", f"Q2{value}", f"Q3{fragment}"]
    url = f"https://user:{secrets[0]}@example.org:8443/v1/samples?key={secrets[1]}#{secrets[2]}"
    told = without_secrets(f"{around} {url} {around} {secrets[1]} and {secrets[0]}", url)
    for secret in secrets:
        assert secret not in public_url(url)
        assert secret not in told
    assert public_url(url) == "https://example.org:8443/v1/samples?key=…"


@pytest.mark.parametrize(
    "scheme",
    ["", "https:/", "https//", "https;//", "https:///", "https:", "https/", "https /", " https://", "'https://"],
)
@pytest.mark.parametrize("password", ["S3CRET", "S3C/RET", "S3C:RET"])
def test_an_address_that_is_mistyped_shows_no_password_either(scheme: str, password: str) -> None:
    said = public_url(f"{scheme}user:{password}@example.org/v1/samples?key=S3CRET")
    assert said.removeprefix(scheme).endswith("example.org/v1/samples?key=…")
    assert "S3C" not in said and "RET" not in said


@pytest.mark.parametrize("path", ["/v1/@me/samples", "v1/@me", "deploys/new@2/outputs.json", "http://host/@me"])
def test_a_path_with_an_at_sign_is_shown_as_it_is(path: str) -> None:
    assert public_url(path) == path


@given(st.text(), st.integers(2, 300))
def test_what_is_shown_is_one_short_line_without_control_characters(text, most):
    line = printable(text, most)
    assert len(line) <= most
    assert line.isprintable()


@pytest.mark.parametrize(
    ("hidden", "said", "expected"),
    [
        *(
            (AWKWARD_SECRET, f"the key {echo} is not known", "the key … is not known")
            for echo in spelled(AWKWARD_SECRET)
        ),
        (
            "session=a-token-of-somebody; theme=dark",
            "no session a-token-of-somebody in the dark",
            "no session … in the dark",
        ),
    ],
)
def test_what_a_target_sends_back_of_a_value_is_not_shown(hidden: str, said: str, expected: str) -> None:
    hide(hidden)
    assert shown(said, "http://host/") == expected


def test_half_a_value_is_not_shown_where_a_text_is_cut() -> None:
    hide("a-long-value-that-is-cut")
    assert "a-long" not in shown("1234567 a-long-value-that-is-cut", "http://host/", 20)


def test_a_password_sent_back_as_it_was_sent_is_not_shown() -> None:
    basic = base64.b64encode(b"user:p@ss").decode()
    assert basic not in shown(f"Basic {basic} is not known", "http://user:p%40ss@host/")


def test_a_short_value_is_looked_for_nowhere() -> None:
    hide("abc")
    assert not holds_hidden("abcdef")


@pytest.mark.parametrize(
    "message",
    [
        "unrecognized arguments: --haeder x-api-key: S3CRET --other=S3CRET",
        "ambiguous option: --he=x-api-key: S3CRET could match --headless, --header",
        "argument --headless: ignored explicit argument 'x-api-key: S3CRET'",
    ],
)
def test_a_mistyped_option_does_not_echo_its_value(message: str) -> None:
    assert "S3CRET" not in without_values(message)
    assert "--he" in without_values(message) or "--haeder" in without_values(message)
