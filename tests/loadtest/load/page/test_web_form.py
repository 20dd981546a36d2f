"""What the page sends: taken, or refused in one sentence before any user starts."""

import pytest
from chosen_settings import options
from hypothesis import given
from hypothesis import strategies as st

from loadtest.errors import UsageError
from loadtest.load.options.options import settings_from
from loadtest.load.page.form import OF_LOCUST, SETTINGS, StartForm, read_form

USERS = {"user_count": ["4"], "spawn_rate": ["2"]}


def read(**fields: str | list[str]) -> StartForm:
    given_ = {name: [value] if isinstance(value, str) else value for name, value in fields.items()}
    return read_form({**USERS, **given_}, ["SamplesReader"])


def options_of(form: StartForm):  # type: ignore[no-untyped-def]
    return form.applied_to(options("--threshold", "errors < 1%", "--window", "1"))


def test_text_becomes_the_settings_of_the_run() -> None:
    form = read(arrival_rate="300", window="0.5", write_interval="0.2", seed="7", run_time="1m30s", host="http://h/")
    settings = settings_from(options_of(form))
    assert (settings.arrival_rate, settings.window, settings.seed) == (300.0, 0.5, 7)
    assert settings.thresholds == ("errors < 1%",)  # what the form leaves out stays as Locust was started
    assert (form.users, form.spawn_rate, form.run_time_s, form.host) == (4, 2.0, 90, "http://h")


@pytest.mark.parametrize("texts", [["p99(response) < 250ms", "errors < 1%"], ["p99(response) < 250ms; errors < 1%"]])
def test_thresholds_replace_those_of_the_command_line(texts: list[str]) -> None:
    assert settings_from(options_of(read(threshold=texts))).thresholds == ("p99(response) < 250ms", "errors < 1%")
    assert settings_from(options_of(read(threshold=""))).thresholds == ()


@pytest.mark.parametrize(
    "name",
    ["run_dir", "outputs", "stack", "bucket", "object_key", "s3_endpoint_url", "samples_path", "html_file",
     "csv_prefix", "json_file", "loglevel", "web_host", "tls_key", "header", "cert", "key",
     "headless", "nonsense", "", "a" * 9999, "\x1b[2J"],
)  # fmt: skip
def test_what_cannot_be_set_from_the_page_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be set from the page") as caught:
        read(**{name: "/tmp/x"})
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"user_count": ""}, "user_count is ''"),
        ({"user_count": "0"}, "user_count is '0'"),
        ({"user_count": "9" * 5000}, "give the number of users, 1 to 100,000"),
        ({"user_count": "1.5"}, "user_count is '1.5'"),
        ({"user_count": "١٢"}, "user_count is '١٢'"),
        ({"spawn_rate": "0"}, "spawn_rate is '0'"),
        ({"spawn_rate": "nan"}, "spawn_rate is 'nan'"),
        ({"spawn_rate": "inf"}, "spawn_rate is 'inf'"),
        ({"spawn_rate": "1e-9"}, "within an hour"),
        ({"run_time": "0"}, "run_time is '0'"),
        ({"run_time": "soon"}, "run_time is 'soon'"),
        ({"run_time": "9" * 20}, "at most 30 days"),
        ({"run_time": "1"}, "before all 4 users are there"),
        ({"shape_class": "Evil"}, "shape_class is 'Evil'"),
        ({"user_classes": ["SamplesReader", "Evil"]}, "user_classes is 'Evil'"),
        ({"arrival_rate": ["1", "2"]}, "arrival_rate comes 2 times"),
    ],
)
def test_a_wrong_field_of_locust_s_own_gets_one_sentence(fields: dict[str, str | list[str]], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(**fields)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("threshold", "p99(respnse) < 250ms", "--threshold 'p99(respnse) < 250ms'"),
        ("threshold", "p99(response) < 250", "a duration: give it ns, us, ms, s or min"),
        ("arrival_process", "evil", "--arrival-process is 'evil': give constant or poisson"),
        ("arrival_rate", "NaN", "--arrival-rate is 'NaN'"),
        ("arrival_rate", "[1]", "--arrival-rate is '[1]'"),
        ("payload_bytes", '{"a": 1}', "--payload-bytes is"),
        ("payload_bytes", "1e400", "--payload-bytes is '1e400'"),
        ("window", "true", "--window is 'true'"),
        ("seed", "-5", "--seed is '-5'"),
    ],
)
def test_a_wrong_setting_gets_the_sentence_of_the_command_line(name: str, value: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings_from(options_of(read(**{name: value})))
    assert said in str(caught.value)


def test_locust_s_view_sees_only_what_it_needs() -> None:
    form = read(host="http://evil", window="0.5", run_time="20s", profile="p" * 1000)
    names = [name for name, _ in form.for_locust()]
    assert names == ["user_count", "spawn_rate", "profile", "run_time"]
    assert len(form.profile) < 300


@given(
    st.dictionaries(
        st.sampled_from([*sorted(SETTINGS), *OF_LOCUST]) | st.text(max_size=20),
        st.lists(
            st.text(max_size=40) | st.sampled_from(["1", "0", "nan", "1e999", "constant", "http://h"]), max_size=3
        ),
    )
)
def test_any_form_is_taken_or_refused_in_one_line(fields: dict[str, list[str]]) -> None:
    try:
        settings_from(options_of(read_form({**USERS, **fields}, ["SamplesReader"])))
    except UsageError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 1500
