"""What is written about the program names what is there."""

from __future__ import annotations

import re
from typing import get_args

import pytest

import rehearsal
import voting
from tests.serving import ROOT, dashboard
from voting import protocol, state

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
    for code in set(get_args(state.Code)) - of_commands:
        assert re.search(rf"^    {code} ", protocol.__doc__ or "", re.MULTILINE), code


def test_the_readme_names_every_option_of_run() -> None:
    """And no other."""
    options = set(re.findall(r"--[a-z]+", dashboard("run", "--help").stdout)) - {"--help"}
    table = re.findall(r"^\| `(--[a-z]+) ", readme(), re.MULTILINE)
    assert set(table) == options


def test_the_readmes_pictures_are_there() -> None:
    """A picture that is shown is in the repository."""
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", readme())
    assert len(shown) == 6
    assert all((ROOT / picture).is_file() for picture in shown)


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def architecture() -> str:
    return (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
