"""No part of an address that is secret is shown, whatever the address."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from loadtest.cleaned import printable, public_url, without_secrets

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


@given(st.text(), st.integers(2, 300))
def test_what_is_shown_is_one_short_line_without_control_characters(text, most):
    line = printable(text, most)
    assert len(line) <= most
    assert line.isprintable()
