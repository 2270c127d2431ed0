"""What is written about the program names what is there."""

from __future__ import annotations

import re
from typing import get_args

import click
import pytest

import rehearsal
import voting
from rehearsal.command import rehearse
from tests.serving import ROOT, dashboard
from voting import console, copying, locksmith, protocol, sheet, state

PACKAGES = {"voting": voting.__doc__ or "", "rehearsal": rehearsal.__doc__ or ""}
MODULES = [
    f"{package}/{file.name}" for package in PACKAGES for file in (ROOT / package).glob("[a-z]*.py")
]


@pytest.mark.parametrize("module", MODULES)
def test_every_module_is_in_the_reading_order_and_the_architecture(module: str) -> None:
    """The package's page and docs/architecture.md list each module."""
    package, name = module.removesuffix(".py").split("/")
    assert re.search(rf"^    {name} ", PACKAGES[package], re.MULTILINE)
    assert f"| `{module}` |" in architecture()


def test_the_architecture_names_no_module_that_is_gone() -> None:
    """The table has no more rows than there are modules."""
    named = re.findall(r"^\| `((?:voting|rehearsal)/\w+\.py)`", architecture(), re.MULTILINE)
    assert sorted(named) == sorted(MODULES)


def test_every_refusal_of_a_ballot_is_specified() -> None:
    """The protocol's page explains each code that a phone may be told."""
    of_commands = {"conflict", "in_use", "not_possible", "rehearsing"}
    of_logins = {"unknown_code", "code_used"}
    for code in set(get_args(state.Code)) - of_commands - of_logins:
        assert re.search(rf"^    {code} ", protocol.__doc__ or "", re.MULTILINE), code


def test_every_promise_of_security_has_a_test_that_is_there() -> None:
    """A row of the table names a test, and the file beside its name has it."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|(?! ---).*\|$", text, re.MULTILINE)[1:]
    assert rows
    for row in rows:
        named = re.findall(r"\[(test_\w+)\]\(\.\./(tests/test_\w+\.py)\)", row)
        assert named, row
        for test, file in named:
            assert f"\ndef {test}(" in (ROOT / file).read_text(encoding="utf-8"), (test, file)


def test_the_readme_names_every_option_of_run() -> None:
    """And no other."""
    options = set(re.findall(r"--[a-z]+", dashboard("run", "--help").stdout)) - {"--help"}
    table = re.findall(r"^\| `(--[a-z]+) ", readme(), re.MULTILINE)
    assert set(table) == options


def test_the_readme_names_every_command() -> None:
    """In the table of what is done afterwards, but for those that come before."""
    named = set(re.findall(r"^\| `\S.*(?:start|dashboard)\.py ([a-z-]+)", readme(), re.MULTILINE))
    commands = [copying.copy, sheet.codes, rehearse, *console.COMMANDS, *locksmith.COMMANDS]
    assert {command.name for command in commands} - named == {"password", "codes", "rehearse"}


def test_the_help_of_codes_says_whether_servers_may_run() -> None:
    """Over Redis they may."""
    said = " ".join(sheet.codes.get_help(click.Context(sheet.codes)).split())
    assert "No server may run meanwhile, unless the room is in Redis." in said


def test_the_readmes_pictures_are_there() -> None:
    """A picture that is shown is in the repository."""
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", readme())
    assert len(shown) == 7
    assert all((ROOT / picture).is_file() for picture in shown)


def test_every_fault_is_shown_by_tests_that_are_there() -> None:
    """Each row of docs/reliability.md names one or more, each in the file that it links to."""
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    rows = [line for line in lines if not line.startswith(("| fault ", "| --- "))]
    assert len(rows) == 22
    for row in rows:
        shown = re.findall(r"\[(test_\w+)\]\(\.\./(tests/\w+\.py)\)", row)
        assert shown, row
        for name, file in shown:
            written = (ROOT / file).read_text(encoding="utf-8")
            assert re.search(rf"^def {name}\(", written, re.MULTILINE), f"{file} has no {name}"


def test_the_pages_of_docs_link_to_what_is_there() -> None:
    """A file that was renamed is missed."""
    for page in (ROOT / "docs").glob("*.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def architecture() -> str:
    return (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
