"""Sending one event to the server without loading Prefect, which takes 100 MB."""

import base64
import json
import os
import urllib.request
import uuid
from datetime import UTC, datetime
from urllib.error import HTTPError

from deployments.login import CLIENT_LOGIN


def send_event(url: str, event: str, resource: str, *, timeout: float = 8.0) -> None:
    """Tell the server of an event.

    Parameters
    ----------
    url
        Address of the server's API.
    event, resource
        What happened, and to what.
    timeout
        Seconds to wait for each of two answers.

    Raises
    ------
    OSError
        The server does not answer, or refuses.
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
    """Return the token that a server with CSRF protection asks for; nothing where it has none."""
    client = str(uuid.uuid4())
    request = urllib.request.Request(f"{url.rstrip('/')}/csrf-token?client={client}", headers=_login())
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            token = json.load(answer)["token"]
    except HTTPError as error:
        if error.code == 422:  # CSRF protection is off
            return {}
        raise
    return {"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": token}
