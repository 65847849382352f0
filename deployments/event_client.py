"""Send an event to the server without importing Prefect, which takes 100 MB of memory."""

import base64
import json
import os
import urllib.request
import uuid
from datetime import UTC, datetime
from urllib.error import HTTPError

from deployments.login import CLIENT_LOGIN


def send_event(url: str, event: str, resource: str, *, timeout: float = 8.0) -> None:
    """Send an event to the server.

    Parameters
    ----------
    url
        URL of the server's API.
    event, resource
        Name of the event and id of the resource.
    timeout
        Seconds to wait for each of two responses.

    Raises
    ------
    OSError
        The server does not respond, or rejects the event.
    """
    content = {
        "id": str(uuid.uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": event,
        "resource": {"prefect.resource.id": resource},
    }
    headers = {"Content-Type": "application/json", **_login(), **_csrf(url, timeout)}
    request = urllib.request.Request(f"{url.rstrip('/')}/events", json.dumps([content]).encode(), headers)
    urllib.request.urlopen(request, timeout=timeout).close()


def _login() -> dict[str, str]:
    login = os.environ.get(CLIENT_LOGIN, "")
    return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"} if login else {}


def _csrf(url: str, timeout: float) -> dict[str, str]:
    """Return the headers for a server with CSRF protection; empty without CSRF protection."""
    client = str(uuid.uuid4())
    request = urllib.request.Request(f"{url.rstrip('/')}/csrf-token?client={client}", headers=_login())
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            token = json.load(response)["token"]
    except HTTPError as error:
        if error.code == 422:  # CSRF protection is off
            return {}
        raise
    return {"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": token}
