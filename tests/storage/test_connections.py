"""Which file system stands behind a URI."""

import os
import subprocess
import sys

CODE = """
import gcsfs
from spatialcore.storage.uri import connect
print(*[f"{kind.__module__}.{kind.__name__}" for kind in (gcsfs.GCSFileSystem, type(connect("gs://bucket/x")[0]))])
"""


def test_the_plain_file_system_of_google_also_where_gcsfs_was_imported_before() -> None:
    """The other one asks a metadata server, for up to a minute, where there is none."""
    environment = {**os.environ, "STORAGE_EMULATOR_HOST": "http://127.0.0.1:9"}
    environment.pop("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", None)
    said = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    theirs, ours = said.stdout.split()
    assert theirs == "gcsfs.extended_gcsfs.ExtendedGcsFileSystem"
    assert ours == "gcsfs.core.GCSFileSystem"
