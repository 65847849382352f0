"""Sphinx extension: a page with all modules of the project and the first line of their docstrings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
_ROLE = re.compile(r":\w+:(?=`)")


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive ``module-list``, whose argument is a package."""
    app.add_directive("module-list", ModuleList)
    return {"parallel_read_safe": True}


class ModuleList(SphinxDirective):
    """The folders of a package and their modules, each with the first line of its docstring."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the list, parsed as the page is."""
        lines = list(list_modules(ROOT / self.arguments[0]))
        container = nodes.container()
        self.state.nested_parse(StringList(lines, source=__file__), self.content_offset, container)
        return container.children


def list_modules(package: Path) -> Iterator[str]:
    """Yield the lines of a Markdown list: folders in alphabetic order, their modules below them."""
    for folder in sorted({path.parent for path in package.rglob("*.py")}):
        yield f"- **{folder.relative_to(ROOT).as_posix()}**{_after_colon(folder / '__init__.py')}"
        modules = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
        yield from (f"  - `{path.name}`{_after_colon(path)}" for path in modules)


def _after_colon(module: Path) -> str:
    """Return the first line of a docstring after a colon, without roles such as ``:func:``; empty if there is none."""
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return f": {_ROLE.sub('', docstring.splitlines()[0])}" if docstring else ""
