"""Specifications are what Altair makes of the same chart, and are of the release of Vega-Lite that draws them."""

import altair as alt
import pytest
import vl_convert

from loadtest.report.chart_style import finish, logarithmic, milliseconds, tooltips
from loadtest.report.vega_lite import SCHEMA, Spec, channel, data

ROWS = [{"at": 1.5, "until": 2, "name": "a"}, {"at": None, "until": 3, "name": "b"}]


def without_datasets(spec: Spec) -> Spec:
    """Altair names data otherwise, and holds it once for all layers."""
    return {name: value for name, value in spec.items() if name != "datasets"}


def test_layers_are_written_as_altair_writes_them() -> None:
    first, second = data(ROWS), data([{"at": 0}])
    x = channel("at:Q", title=["two", "lines"], scale={"domain": [0, 3], "nice": False}, axis={"grid": False})
    made = finish(
        [
            first.only("datum.at !== null").mark("rule", strokeWidth=2, strokeDash=[5, 4]).encode(x=x, x2="until"),
            second.mark("tick", thickness=1).encode(x=x, y={"value": 255}),
            first.mark("point", filled=True).encode(
                x=x,
                y=milliseconds("until", "time", logarithmic([1, 8])),
                color=channel("name:N", scale=None),
                order="at:Q",
                text="name:O",
                tooltip=tooltips([("name", "title of it")]),
            ),
        ],
        260,
    )
    named = [alt.NamedData(name=rows.name) for rows in (first, second)]
    alt_x = alt.X("at:Q", title=["two", "lines"], scale=alt.Scale(domain=[0, 3], nice=False), axis=alt.Axis(grid=False))
    log = alt.Scale(type="log", domain=[0.8, 10.0], nice=False, clamp=True)
    by_altair = alt.layer(
        alt.Chart(named[0])
        .transform_filter("datum.at !== null")
        .mark_rule(strokeWidth=2, strokeDash=[5, 4])
        .encode(x=alt_x, x2="until:Q"),
        alt.Chart(named[1]).mark_tick(thickness=1).encode(x=alt_x, y=alt.value(255)),
        alt.Chart(named[0])
        .mark_point(filled=True)
        .encode(
            x=alt_x,
            y=alt.Y("until:Q", title="time (ms)", scale=log, axis=alt.Axis(format=",~f", values=[1.0, 2.0, 5.0, 10.0])),
            color=alt.Color("name:N", scale=None),
            order="at:Q",
            text="name:O",
            tooltip=[alt.Tooltip("name:N", title="title of it")],
        ),
    )
    config = {name: value for name, value in made["config"].items() if name != "view"} | {"view": {"stroke": None}}
    sized = by_altair.properties(width="container", height=260, autosize=alt.AutoSizeParams(type="fit-x"))
    assert without_datasets(made) == without_datasets(sized.configure(**config).to_dict())


def test_equal_rows_are_held_once() -> None:
    made = finish([data(ROWS).mark("rule"), data(list(ROWS)).mark("point"), data(ROWS[:1]).mark("rule")], 100)
    assert list(made["datasets"].values()) == [ROWS, ROWS[:1]]
    assert [layer["data"]["name"] in made["datasets"] for layer in made["layer"]] == [True] * 3


def test_a_field_of_no_known_type_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        channel("at:T")


def test_the_release_is_that_of_what_validates_and_of_what_draws() -> None:
    assert SCHEMA == alt.SCHEMA_URL
    major = SCHEMA.rpartition("/v")[2].partition(".")[0]
    assert any(str(version).lstrip("v").startswith(f"{major}.") for version in vl_convert.get_vegalite_versions())
