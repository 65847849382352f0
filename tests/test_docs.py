"""What the documentation points to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")
IMPORT = re.compile(r"^from ((?:spatialcore|flows|tasks|deployments)[\w.]*) import ([\w, ]+)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_names_in_examples_exist(page: Path) -> None:
    import importlib

    for module, names in IMPORT.findall(page.read_text()):
        found = importlib.import_module(module)
        assert [name.strip() for name in names.split(",") if not hasattr(found, name.strip())] == []
