"""Files and objects by URI: local, s3://, gs://, az://, memory:// and http(s)://; checked, atomic, retried, cached."""

from spatialcore.storage.connections import connection, use_connection
from spatialcore.storage.file_stat import exists, token
from spatialcore.storage.files import copy, delete, get, list_files, list_versions, put
from spatialcore.storage.location import Location
from spatialcore.storage.manifests import describe, manifest_uri, read_manifest, recognised
from spatialcore.storage.objects import (
    put_bytes,
    put_if,
    put_new,
    put_text,
    read_bytes,
    read_text,
    read_versioned,
)
from spatialcore.storage.records import read_record, text_of
from spatialcore.storage.relative_uri import relative, resolve, root_of
from spatialcore.storage.secrets import redact, remember_secret
from spatialcore.storage.types import Manifest, StoredFile
from spatialcore.storage.uri import (
    canonical,
    connect,
    is_writable,
    join,
    local_path,
    parse_uri,
    scheme_of,
)

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
    "is_writable",
    "join",
    "list_files",
    "list_versions",
    "local_path",
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
