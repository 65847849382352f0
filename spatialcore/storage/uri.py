"""What a URI says: scheme, path, name, and the one spelling that goes into keys, logs and manifests."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from spatialcore.errors import InputError
from spatialcore.storage.secrets import remember_secret

STORES: Final = ("file", "memory", "s3", "gs", "http", "https")
WRITABLE: Final = ("file", "memory", "s3", "gs")
IN_STORE: Final = "store://"  # in a record: what follows lies in the record's own store
_ALIASES: Final = {"local": "file", "s3a": "s3", "s3n": "s3", "gcs": "gs"}
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*)://")
_SIGNED = re.compile(
    r"^(x-amz-.*|x-goog-.*|signature|sig|awsaccesskeyid|googleaccessid|expires|token|access_token|auth.*|"
    r"api[_-]?key|key|password|secret|policy|se|sp|sv|sr|st|skoid|sktid)$",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"^(.*signature|sig|x-amz-security-token|x-amz-credential|(access_|auth_?)?token|api[_-]?key|password|secret)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Location:
    """Where one file lies.

    Parameters
    ----------
    scheme
        One of `STORES`.
    path
        The path as the file system of the scheme takes it: absolute for ``file``, ``bucket/key`` for buckets,
        the whole URL for ``http(s)``.
    """

    scheme: str
    path: str

    @property
    def uri(self) -> str:
        """The URI to open: an absolute path for a local file."""
        return self.path if self.scheme in {"file", "http", "https"} else f"{self.scheme}://{self.path}"

    @property
    def name(self) -> str:
        """The last part of the path."""
        path = urlsplit(self.path).path if self.scheme in {"http", "https"} else self.path
        return path.rstrip("/").rpartition("/")[2]

    @property
    def is_local(self) -> bool:
        """Whether it is a file of this machine."""
        return self.scheme == "file"


def scheme_of(uri: str | Path) -> str:
    """Return the scheme of a URI in lower case; ``file`` for a plain path."""
    match = _SCHEME.match(str(uri))
    scheme = match.group(1).lower() if match else "file"
    return _ALIASES.get(scheme, scheme)


def parse_uri(uri: str | Path) -> Location:
    """Take a path or URI apart.

    Raises
    ------
    InputError
        If the scheme is unknown, or a bucket or key is missing.

    Examples
    --------
    >>> parse_uri("s3://bucket/references/lung.h5ad").name
    'lung.h5ad'
    """
    text = str(uri).strip()
    if not text:
        raise InputError("an empty path or URI", hint="pass a path, s3://bucket/key, gs://bucket/key or https://...")
    scheme = scheme_of(text)
    if scheme not in STORES:
        near = get_close_matches(scheme, (*STORES, *_ALIASES), n=2)
        hint = f"did you mean {' or '.join(f'{name}://' for name in near)}?" if near else ""
        raise InputError(f"no store speaks {scheme}://", hint=hint or f"known: {', '.join(f'{s}://' for s in STORES)}")
    if scheme in {"http", "https"}:
        _remember_secrets(text)
        return Location(scheme, text)
    rest = _SCHEME.sub("", text)
    if scheme == "file":
        return Location(scheme, str(Path(rest).expanduser().absolute()))
    rest = re.sub("/{2,}", "/", rest.strip("/")) if scheme == "memory" else rest.lstrip("/")
    if scheme in {"s3", "gs"} and "/" not in rest.rstrip("/"):
        raise InputError(f"{scheme}://{rest} names no object", hint=f"write {scheme}://bucket/path/file.h5ad")
    return Location(scheme, rest)


def _remember_secrets(url: str) -> None:
    """Have passwords and signatures of a URL masked, wherever a server may repeat them."""
    parts = urlsplit(url)
    remember_secret(parts.password, *(value for name, value in parse_qsl(parts.query) if _SECRET.match(name)))


def canonical(uri: str | Path) -> str:
    """Return the one spelling of a URI that keys and manifests use: without passwords and signatures."""
    location = parse_uri(uri)
    if location.scheme not in {"http", "https"}:
        return location.uri
    parts = urlsplit(location.path)
    host = (parts.hostname or "").lower() + (f":{parts.port}" if parts.port else "")
    query = urlencode([pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _SIGNED.match(pair[0])])
    return urlunsplit((parts.scheme.lower(), host, quote(parts.path, safe="/%:@+,;=~!$&'()*"), query, ""))


def join(uri: str | Path, *parts: str) -> str:
    """Return the URI of a file below a folder's URI."""
    return "/".join([str(uri).rstrip("/"), *(part.strip("/") for part in parts)])


def writable(uri: str | Path) -> Location:
    """Take a path or URI apart that is to be written to.

    Raises
    ------
    InputError
        If nothing can be written there.
    """
    location = parse_uri(uri)
    if location.scheme not in WRITABLE:
        raise InputError(f"{location.scheme}:// can be read, not written", hint="give a path, s3:// or gs://")
    return location


def root_of(store: str | Path) -> str:
    """Return the one spelling of a store's URI, without a slash at its end."""
    return canonical(join(store, "x")).removesuffix("/x")


def relative(store: str | Path, uri: str) -> str:
    """Return ``store://...`` for what lies in a store, and any other URI as it is.

    Examples
    --------
    >>> relative("s3://lab/store", "s3://lab/store/samples/lung/a.h5ad")
    'store://samples/lung/a.h5ad'
    >>> relative("s3://lab/store", "s3://lab/other/a.h5ad")
    's3://lab/other/a.h5ad'
    """
    if not uri or scheme_of(uri) not in WRITABLE:
        return uri
    inside = canonical(uri).removeprefix(root_of(store) + "/")
    return uri if inside == canonical(uri) else IN_STORE + inside


def resolve(store: str | Path, uri: str) -> str:
    """Return where ``store://...`` lies in a store, and any other URI as it is.

    Examples
    --------
    >>> resolve("gs://lab/moved", "store://samples/lung/a.h5ad")
    'gs://lab/moved/samples/lung/a.h5ad'
    """
    return f"{root_of(store)}/{uri.removeprefix(IN_STORE)}" if uri.startswith(IN_STORE) else uri
