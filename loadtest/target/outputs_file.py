"""The outputs of a deployment, as `cdktf deploy` or `terraform output -json` writes them.

cdktf writes values by stack, ``{"<stack>": {"SamplesUrl": …}}``. Terraform names no stack and describes each value,
``{"SamplesUrl": {"sensitive": false, "value": …}}``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from loadtest.errors import UsageError
from stacks.user_input import UnreadableFileError, cut, read_json, shown

OUTPUT_NAMES: Final = ("SamplesUrl", "S3BucketName", "DataStoreAccessKeyId", "DataStoreSecretAccessKey")
_LARGEST: Final = 4 * 1024 * 1024
_SHAPE: Final = 'the outputs of cdktf deploy, {"<stack>": {"SamplesUrl": …, "S3BucketName": …}}'


def read_outputs(path: Path, stack: str | None, *, url_needed: bool) -> dict[str, str] | None:
    """The outputs of one stack that a run needs, or None when there is no such file.

    Raises:
        UsageError: the file cannot be read, has another shape, or holds several stacks.
    """
    file = cut(str(path))
    try:
        content = read_json(path, _LARGEST)
    except FileNotFoundError:
        return None
    except UnreadableFileError as error:
        raise UsageError(f"{file} cannot be read as JSON ({error}); run `make deploy` to write it again.") from None
    outputs = _of_terraform(content, file, stack) if _is_of_terraform(content) else _of_cdktf(content, file, stack)
    are_texts = all(isinstance(outputs.get(key, ""), str) for key in OUTPUT_NAMES)
    if not are_texts or (url_needed and not outputs.get("SamplesUrl")):
        raise _other_shape(file)
    return {key: outputs[key] for key in OUTPUT_NAMES if outputs.get(key)}


def _other_shape(file: str) -> UsageError:
    return UsageError(
        f"{file} does not look like {_SHAPE}, nor like those of terraform output; write it with `make deploy`."
    )


def _is_of_terraform(content: Any) -> bool:
    """Whether these are Terraform's, which describes each output; a cdktf stack holds plain values."""
    return (
        isinstance(content, dict)
        and bool(content)
        and all(isinstance(part, dict) and "value" in part and "sensitive" in part for part in content.values())
    )


def _of_terraform(content: dict[str, dict[str, Any]], file: str, stack: str | None) -> dict[str, Any]:
    if stack is not None:
        raise UsageError(
            f"{file} holds the outputs of terraform output, which name no stack: leave --stack {cut(stack)} out."
        )
    return {name: part["value"] for name, part in content.items()}


def _of_cdktf(content: Any, file: str, stack: str | None) -> dict[str, Any]:
    if not isinstance(content, dict) or not content or not all(isinstance(part, dict) for part in content.values()):
        raise _other_shape(file)
    names = cut(", ".join(sorted(content)))
    if stack is None and len(content) > 1:
        raise UsageError(f"{file} holds the stacks {names}: say which one with --stack.")
    name = stack or next(iter(content))
    if name not in content:
        raise UsageError(f"{file} holds no stack {shown(name)}, but {names}: fix --stack.")
    outputs: dict[str, Any] = content[name]
    return outputs
