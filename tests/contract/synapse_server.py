"""A Synapse server with one file that supports the REST calls of the client."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

TOKEN = "planted-synapse-token-0123456789"


@dataclass
class State:
    """The content of the server, and settings that tests can change."""

    versions: dict[int, bytes] = field(default_factory=dict)
    url: str = ""
    wrong_checksum: bool = False
    allowed: bool = True
    downloads: int = 0
    silent: str = ""
    """Requests to paths with this part are never answered."""
    ended: threading.Event = field(default_factory=threading.Event)


def _handle(data: bytes, state: State, version: int) -> dict[str, Any]:
    md5 = "0" * 32 if state.wrong_checksum else hashlib.md5(data).hexdigest()
    return {
        "id": str(version),
        "concreteType": "org.sagebionetworks.repo.model.file.S3FileHandle",
        "fileName": "atlas.h5ad",
        "contentMd5": md5,
        "contentSize": len(data),
        "etag": "etag",
        "storageLocationId": 1,
        "bucketName": "bucket",
        "key": "key",
        "contentType": "application/octet-stream",
    }


def _bundle(state: State, version: int) -> dict[str, Any]:
    entity = {
        "id": "syn123",
        "name": "atlas.h5ad",
        "versionNumber": version,
        "versionLabel": str(version),
        "etag": "etag",
        "concreteType": "org.sagebionetworks.repo.model.FileEntity",
        "dataFileHandleId": str(version),
        "parentId": "syn1",
    }
    license_ = {"license": {"type": "STRING", "value": ["CC BY 4.0"]}}
    return {
        "entity": entity,
        "entityType": "file",
        "fileHandles": [_handle(state.versions[version], state, version)] if state.allowed else [],
        "annotations": {"id": "syn123", "etag": "etag", "annotations": license_},
        "restrictionInformation": {"hasUnmetAccessRequirement": not state.allowed},
    }


def _answer(path: str, body: dict[str, Any], state: State) -> tuple[int, dict[str, Any]]:
    if "/userProfile" in path:
        return 200, {"ownerId": "1", "userName": "somebody"}
    if "/bundle2" in path:
        version = int(path.split("/version/")[1].split("/")[0]) if "/version/" in path else max(state.versions)
        if "syn123/" not in path or version not in state.versions:
            return 404, {"concreteType": "org.sagebionetworks.repo.model.ErrorResponse", "reason": "no such entity"}
        return 200, _bundle(state, version)
    if "/fileHandle/batch" in path:
        version = int(body["requestedFiles"][0]["fileHandleId"])
        url = f"{state.url}/blob/{version}?X-Amz-Signature=planted-signature"
        handle = _handle(state.versions[version], state, version)
        return 200, {"requestedFiles": [{"fileHandleId": str(version), "fileHandle": handle, "preSignedURL": url}]}
    return 404, {"reason": f"unknown call {path}"}


@contextmanager
def synapse_server() -> Iterator[State]:
    """Run the server; the state has its address."""
    state = State()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if state.silent and state.silent in self.path:
                state.ended.wait(60)
                return
            if self.path.startswith("/blob/"):
                state.downloads += 1
                self._send(200, state.versions[int(self.path.split("/")[2].split("?")[0])])
            elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._send(401, json.dumps({"reason": f"bad token {self.headers.get('Authorization')}"}).encode())
            else:
                status, answer = _answer(self.path, json.loads(body or b"{}"), state)
                self._send(status, json.dumps(answer).encode())

        do_POST = do_GET  # noqa: N815

        def _send(self, status: int, data: bytes) -> None:
            self.send_response(status)
            is_blob = self.path.startswith("/blob/")
            self.send_header("Content-Type", "application/octet-stream" if is_blob else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        state.ended.set()
        server.shutdown()
        server.server_close()
