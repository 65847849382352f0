"""One input format."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from anndata import AnnData

from spatialcore.core.on_disk.system_errors import reading


@dataclass(frozen=True)
class Format:
    """One input format: name, required files, test for a path, and reader."""

    name: str
    required: str
    recognises: Callable[[Path], bool]
    reader: Callable[[Path], AnnData]

    def read(self, path: Path) -> AnnData:
        """Read a file or folder of the format; errors of its parts are errors of this package."""
        with reading(path):
            return self.reader(path)
