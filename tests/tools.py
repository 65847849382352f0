"""Import the scripts in ``tools`` as modules."""

import importlib
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]


def load_tool(name: str) -> ModuleType:
    """Return a script of the folder ``tools`` as a module."""
    return importlib.import_module(name)
