"""The options of a run: what is right is taken, what is wrong gets one sentence with the value and what to do."""

from pathlib import Path

import pytest
from chosen_settings import BESIDE, options
from hypothesis import given
from hypothesis import strategies as st
from locust.argument_parser import get_parser

from loadtest.__main__ import main
from loadtest.errors import UsageError
from loadtest.load.options.options import _OPTIONS, PAGE_OPTIONS, add_arguments, settings_from
from loadtest.target.finding import find_target


def test_defaults_are_those_of_the_contract() -> None:
    settings = settings_from(options())
    assert settings.outputs == Path("outputs.json")
    assert settings.samples_path == "/v1/samples"
    assert settings.object_key == "payload.json"
    assert settings.max_staleness == 0
    assert settings.impact_tolerance == 1.25


def test_every_option_is_also_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCUST_PAYLOAD_BYTES", "4096")
    monkeypatch.setenv("LOCUST_WRITE_INTERVAL", "0")
    settings = settings_from(options())
    assert settings.payload_bytes == 4096
    assert settings.write_interval == 0


def test_a_seed_is_drawn_when_none_is_given_and_kept_when_one_is() -> None:
    assert settings_from(options()).seed >= 0
    assert settings_from(options("--seed", "7")).seed == 7


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--payload-bytes", str(11 * 1024 * 1024)], "--payload-bytes is 11,534,336: give a number from 256"),
        (["--payload-bytes", "255"], "--payload-bytes is 255"),
        (["--conditional-share", "1.5"], "--conditional-share is 1.5"),
        (["--arrival-rate", "-1"], "--arrival-rate is -1"),
        (["--impact-tolerance", "0.5"], "--impact-tolerance is 0.5"),
        (["--window", "0.1"], "--window is 0.1 s"),
        (["--window", "2", "--write-interval", "3"], "--write-interval is 3 s and --window 2 s"),
        (["--object-key", "/payload.json"], "--object-key is '/payload.json'"),
        (["--host", "example.org"], "--host is 'example.org'"),
    ],
)  # fmt: skip
def test_a_wrong_setting_gets_one_sentence_with_its_value(arguments: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings_from(options(*arguments))
    assert str(caught.value).startswith(sentence)


HOSTILE = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300) | st.sampled_from(
    [
        "true",
        "nan",
        "inf",
        "1e999",
        "-0",
        "9" * 5000,
        "١٢",
        "1_0",
        "a" * 100_000,
        "\x1b[2J",
        "\u202e",
        "[" * 9999,
        "0x10",
    ]
)


@given(st.sampled_from([name for name, _ in _OPTIONS if name not in ("outputs", "run-dir")]), HOSTILE)
def test_any_value_of_an_option_is_taken_or_refused_on_one_short_line(name: str, value: str) -> None:
    chosen = options("--outputs", "none", *BESIDE)
    setattr(chosen, name.replace("-", "_"), [value] if name == "threshold" else value)
    try:
        find_target(settings_from(chosen))
    except UsageError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 1500


def test_what_the_parser_itself_refuses_is_said_on_one_short_line(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (["--arrival-process", "x" * 100_000], ["--no-such-option" + "\x1b" * 1000]):
        with pytest.raises(SystemExit):
            options(*wrong)
        (line,) = capsys.readouterr().err.splitlines()
        assert line.isprintable()
        assert len(line) < 700


def test_the_options_are_listed_in_help_and_only_harmless_ones_in_the_page() -> None:
    parser = get_parser()
    add_arguments(parser)
    text = parser.format_help()
    shown = {name.replace("_", "-") for name in parser.args_included_in_web_ui}
    for name, _ in _OPTIONS:
        assert f"--{name}" in text
        assert (name in shown) == (name in PAGE_OPTIONS)
    assert not shown & {"run-dir", "outputs", "stack", "bucket", "object-key", "s3-endpoint-url", "samples-path"}


def test_every_option_is_listed_with_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    """Locust prints its help before it loads the locustfile, so the load test's options have a help of their own."""
    assert main(["options"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for name, _ in _OPTIONS:
        assert f"--{name}" in printed
        assert f"[env var: LOCUST_{name.upper().replace('-', '_')}]" in printed
    assert "locust --help" in printed
