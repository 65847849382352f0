"""Say by the exit code whether the server answers: ``python -m deployments.health``. For containers without curl."""

import os
import sys
import urllib.request


def main() -> None:
    """Ask the server that PREFECT_API_URL names; this machine's where nothing is said."""
    url = os.environ.get("PREFECT_API_URL") or "http://127.0.0.1:4200/api"
    try:
        urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=8).close()
    except OSError as error:
        sys.exit(f"{url}: {error}")


if __name__ == "__main__":
    main()
