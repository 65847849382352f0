"""Make the bucket of the store where it is absent: ``python -m deployments.bucket``."""

import sys

from deployments.environment import Installation
from spatialcore.errors import SpatialCoreError
from spatialcore.storage.retry import attempt
from spatialcore.storage.uri import connect


def main() -> None:
    """Make the bucket that SPATIALCORE_STORE names, and say so."""
    try:
        here = Installation.of()
        print(f"bucket       {make_bucket(here.store, here.bucket[0])}")
    except SpatialCoreError as error:
        sys.exit(str(error))


def make_bucket(store: str, bucket: str) -> str:
    """Make a bucket unless it is there, and return its name; a folder needs none."""
    if not bucket:
        return "none: the store is a folder"
    system, _ = connect(f"{store}/x")
    if not attempt(lambda: system.exists(bucket), what=f"look for the bucket {bucket}"):
        attempt(lambda: system.mkdir(bucket), what=f"make the bucket {bucket}")
    return bucket


if __name__ == "__main__":
    main()
