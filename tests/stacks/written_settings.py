"""Settings as a user writes them into cdktf.json, and the sentence with which wrong ones are refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from stacks.config import ConfigError, ReadModelConfig


def load(folder: Path, **settings: Any) -> ReadModelConfig:
    file = folder / "cdktf.json"
    file.write_text(json.dumps({"context": {"readModel": settings}}))
    return ReadModelConfig.load(file)


def refusal(folder: Path, **settings: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, **settings)
    sentence = str(caught.value)
    assert sentence.isprintable()
    assert sentence.endswith("?" if "did you mean" in sentence else ".")
    assert len(sentence) < 1000
    return sentence
