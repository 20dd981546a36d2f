"""ReadModelConfig: reads the settings, checks that they fit together, and says in one sentence what is wrong.

Values come from `context.readModel` in cdktf.json, so that a team's choices are in version control; environment
variables `READMODEL_*` override them, so that a run in CI can differ. Names are the same in both: `"cache_ttl": 60` and
`READMODEL_CACHE_TTL=60`.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Any, Final, Self

from pydantic import ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from stacks.settings import ENVIRONMENT_PREFIX, Settings
from stacks.settings_fit import misfits
from stacks.user_input import UnreadableFileError, cut, read_json, shown

CONTEXT_KEY: Final = "readModel"


class ConfigError(Exception):
    """A setting is wrong. The text is one sentence for the user: which, what value, what is allowed. No secrets."""


class ReadModelConfig(Settings):
    """All settings of a stack. `load` reads them; constructing one directly takes only what it is given."""

    @model_validator(mode="after")
    def _settings_fit_together(self) -> Self:
        sentence = next(misfits(self), None)
        if sentence is not None:
            raise ValueError(sentence)
        return self

    @classmethod
    def load(cls, cdktf_json: Path) -> Self:
        """Read the settings from a cdktf.json and the environment.

        Raises ConfigError with one sentence for the first setting that is wrong.
        """
        from_file = _read_context(cdktf_json)
        _refuse_unknown(from_file, cdktf_json.name, "")
        variables = {name.upper() for name in os.environ if name.upper().startswith(ENVIRONMENT_PREFIX)}
        _refuse_unknown(
            {name.removeprefix(ENVIRONMENT_PREFIX).lower() for name in variables}, "the environment", ENVIRONMENT_PREFIX
        )
        try:
            return cls(**(from_file | EnvSettingsSource(cls)()))
        except ValidationError as error:
            raise ConfigError(_sentence(error.errors(include_url=False)[0])) from None


def setting_names() -> tuple[str, ...]:
    """Return the names of all settings, in the order in which they are explained."""
    return tuple(ReadModelConfig.model_fields)


def _read_context(cdktf_json: Path) -> dict[str, Any]:
    try:
        content = read_json(cdktf_json, once=True)
        context = content.get("context", {}).get(CONTEXT_KEY, {})
    except FileNotFoundError:
        raise ConfigError(f"The settings in {cut(str(cdktf_json))} cannot be read: there is no such file.") from None
    except (UnreadableFileError, AttributeError) as error:
        reason = str(error) if isinstance(error, UnreadableFileError) else "its context is not an object"
        raise ConfigError(
            f"The settings in {cut(str(cdktf_json))} cannot be read ({reason}): make it a JSON object."
        ) from None
    if not isinstance(context, dict):
        raise ConfigError(
            f"context.{CONTEXT_KEY} in {cdktf_json.name} is {shown(context)}: make it an object of settings."
        )
    return context


def _refuse_unknown(names: Any, place: str, prefix: str) -> None:
    for unknown in sorted(set(names) - set(setting_names())):
        name = cut(unknown)
        near = difflib.get_close_matches(name, setting_names(), 1)
        hint = f"did you mean {_spelled(near[0], prefix)}?" if near else "see docs/settings.md."
        raise ConfigError(f"There is no setting {_spelled(name, prefix)} (found in {place}): {hint}")


def _spelled(name: str, prefix: str) -> str:
    return prefix + name.upper() if prefix else name


def _sentence(error: ErrorDetails) -> str:
    if not error["loc"]:  # from settings_fit, which writes whole sentences
        return str(error["ctx"]["error"])
    name = str(error["loc"][0])
    extra = ReadModelConfig.model_fields[name].json_schema_extra
    allowed = extra["allowed"] if isinstance(extra, dict) else ""
    value = _shown_without_password(error["input"])
    return f"Setting {name} ({ENVIRONMENT_PREFIX}{name.upper()}) is {value}, but allowed is {allowed}."


def _shown_without_password(value: Any) -> str:
    """The value without a password. This comes before cutting, since half an address would hide that it holds one."""
    if isinstance(value, str):
        return shown(_without_password(value))
    try:
        return cut(_without_password(repr(value)))
    except (RecursionError, ValueError):
        return shown(value)


_UP_TO_THE_HOST: Final = re.compile(r"(?<![^\s'\"])(\w+://)?([^\s'\"]*)@")
"""From the beginning of a word on, as the address may be mistyped (``https:/user:password@host``)."""

_HINT: Final = re.compile(":|//")
"""Of an address before its ``@``, which may also stand in a name or an e-mail address."""


def _without_password(text: str) -> str:
    def hidden(found: re.Match[str]) -> str:
        return f"{found[1] or ''}***@" if found[1] or _HINT.search(found[2]) else found[0]

    return _UP_TO_THE_HOST.sub(hidden, text)
