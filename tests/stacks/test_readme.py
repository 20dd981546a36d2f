"""What the docs say of the stack is so: every setting with its default, and the commands that it names."""

import re

from deployed_stack import REPOSITORY

from stacks.config import ReadModelConfig


def text_of(*pages: str) -> str:
    return "\n".join((REPOSITORY / page).read_text(encoding="utf-8") for page in pages)


def settings_table() -> str:
    rows = ["| setting | default | what it does | allowed |", "|---|---|---|---|"]
    for name, field in ReadModelConfig.model_fields.items():
        default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        shown = "none" if field.default in (None, (), {}) else f"`{default}`"
        assert isinstance(field.json_schema_extra, dict)
        rows.append(f"| `{name}` | {shown} | {field.description} | {field.json_schema_extra['allowed']} |")
    return "\n".join(rows)


def test_every_setting_is_explained_as_it_is() -> None:
    page = text_of("docs/settings.md")
    found = re.search(r"<!-- settings: begin .*?-->\n(.*?)<!-- settings: end -->", page, re.DOTALL)
    assert found is not None
    assert found[1].strip() == settings_table(), "put this into docs/settings.md"


def test_every_make_command_exists() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    pages = text_of("README.md", "docs/deploying.md", "CONTRIBUTING.md")
    named = set(re.findall(r"(?:`|^ *)make ([a-z-]+)", pages, re.MULTILINE))
    assert {"demo", "test", "deploy", "destroy"} <= named <= targets


def test_every_exception_of_the_policy_scan_has_its_reason() -> None:
    skipped = re.findall(r"^  - (CKV\S*)(.*)$", (REPOSITORY / ".checkov.yaml").read_text(), re.MULTILINE)
    assert skipped
    for check, reason in skipped:
        assert re.match(r" # \w.{20,}", reason), check
