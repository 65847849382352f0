"""URIs of local files, s3://, gs://, memory:// and http(s)://: checked, atomic, retried transfers, and a cache."""

from spatialcore.storage.connections import connect, connection, use_connection
from spatialcore.storage.listing import list_files, list_versions
from spatialcore.storage.objects import (
    exists,
    put_bytes,
    put_if,
    put_new,
    put_text,
    read_bytes,
    read_text,
    read_versioned,
    token,
)
from spatialcore.storage.records import read_record, text_of
from spatialcore.storage.secrets import redact, remember_secret
from spatialcore.storage.store import copy, delete, describe, get, put, read_manifest, recognised
from spatialcore.storage.stored import Manifest, StoredFile, manifest_uri
from spatialcore.storage.uri import Location, canonical, join, parse_uri, relative, resolve, root_of, scheme_of

list = list_files

__all__ = [
    "Location",
    "Manifest",
    "StoredFile",
    "canonical",
    "connect",
    "connection",
    "copy",
    "delete",
    "describe",
    "exists",
    "get",
    "join",
    "list",
    "list_files",
    "list_versions",
    "manifest_uri",
    "parse_uri",
    "put",
    "put_bytes",
    "put_if",
    "put_new",
    "put_text",
    "read_bytes",
    "read_manifest",
    "read_record",
    "read_text",
    "read_versioned",
    "recognised",
    "redact",
    "relative",
    "remember_secret",
    "resolve",
    "root_of",
    "scheme_of",
    "text_of",
    "token",
    "use_connection",
]
