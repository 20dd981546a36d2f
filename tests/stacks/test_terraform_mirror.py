"""Where Terraform gets its provider: mirrors found and passed over, and the configuration that names one."""

import platform
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from stacks import terraform_mirror as mirrors

MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine().lower())
TARGET = f"{sys.platform}_{MACHINE}"


def unpacked(mirror: Path, provider: str = mirrors.AWS_PROVIDER_VERSION, target: str = TARGET) -> Path:
    (mirror / mirrors.PROVIDER_FOLDER / provider / target).mkdir(parents=True)
    return mirror


def packed(mirror: Path) -> Path:
    folder = mirror / mirrors.PROVIDER_FOLDER
    folder.mkdir(parents=True)
    (folder / f"terraform-provider-aws_{mirrors.AWS_PROVIDER_VERSION}_{TARGET}.zip").touch()
    return mirror


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.mark.parametrize("below", ["", "plugins", "share/terraform/plugins"])
def test_a_mirror_is_found_below_a_root(tmp_path: Path, below: str) -> None:
    mirror = unpacked(tmp_path / "root" / below)
    assert mirrors.find_mirror([tmp_path / "nowhere", tmp_path / "root"]) == mirror


def test_a_packed_provider_is_one_too(tmp_path: Path) -> None:
    mirror = packed(tmp_path / "root" / "plugins")
    assert mirrors.find_mirror([tmp_path / "root"]) == mirror


def test_the_first_root_goes_first(tmp_path: Path) -> None:
    unpacked(tmp_path / "second")
    assert mirrors.find_mirror([tmp_path / "first", tmp_path / "second"]) == tmp_path / "second"
    unpacked(tmp_path / "first" / "plugins")
    assert mirrors.find_mirror([tmp_path / "first", tmp_path / "second"]) == tmp_path / "first" / "plugins"


def test_another_version_or_machine_is_none(tmp_path: Path) -> None:
    unpacked(tmp_path / "root", provider="5.99.0")
    unpacked(tmp_path / "root", target="plan9_mips")
    assert mirrors.find_mirror([tmp_path / "root"]) is None


def test_terraform_s_own_cache_is_none(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked(home / ".terraform.d" / "plugin-cache")
    assert mirrors.find_mirror([home]) is None
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(unpacked(tmp_path / "cache")))
    assert mirrors.find_mirror([tmp_path / "cache"]) is None


def test_a_mirror_is_named_in_the_configuration(tmp_path: Path) -> None:
    text = mirrors.cli_configuration(tmp_path)
    assert f'"{tmp_path}"' in text
    assert "filesystem_mirror" in text


def test_without_a_mirror_the_registry_is_used() -> None:
    assert "provider_installation" not in mirrors.cli_configuration(None)


def test_a_variable_that_names_no_file_counts_as_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "missing.rc"))
    written = mirrors.write_configuration(tmp_path / "new" / "terraform.rc")
    assert written == (tmp_path / "new" / "terraform.rc").resolve()
    assert "disable_checkpoint" in written.read_text()


def test_a_user_s_own_configuration_is_left_alone(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".terraformrc").write_text("# mine")
    assert mirrors.write_configuration(tmp_path / "terraform.rc") == home / ".terraformrc"
    theirs = tmp_path / "theirs.rc"
    theirs.write_text("# theirs")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(theirs))
    assert mirrors.write_configuration(tmp_path / "terraform.rc") == theirs
    assert not (tmp_path / "terraform.rc").exists()


def test_the_provider_is_the_one_that_the_bindings_are_made_from() -> None:
    # The bindings write their provider's version into what they synthesize; test_stack.py compares that.
    assert version("cdktf-cdktf-provider-aws") == "20.1.0"
    assert mirrors.AWS_PROVIDER_VERSION == "5.100.0"
