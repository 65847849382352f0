"""References on Synapse."""

import os
import re
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack

from spatialcore.errors import DependencyError, InputError, StorageError
from spatialcore.sources.base import Metadata, SourceOptions, refuse_unknown
from spatialcore.sources.deadline import within
from spatialcore.sources.deliver import deliver
from spatialcore.storage.network import require_host
from spatialcore.storage.retry import attempt, translate_errors
from spatialcore.storage.secrets import remember_secret
from spatialcore.storage.settings import StorageSettings
from spatialcore.storage.uri import join

if TYPE_CHECKING:
    from synapseclient import Synapse
    from synapseclient.models import File

_ID: Final = re.compile(r"(syn\d+)(?:\.(\d+))?")
_TOKEN: Final = "SYNAPSE_AUTH_TOKEN"
_SIGN_IN: Final = f"set {_TOKEN} to a token with view and download permission, and accept the file's conditions for use"


class SynapseSource:
    """A file on Synapse.

    Parameters
    ----------
    uri
        ``synapse://syn123``, or ``synapse://syn123.4`` for version 4.
    auth_token
        Personal access token; by default the environment variable SYNAPSE_AUTH_TOKEN, then ``~/.synapseConfig``.
    """

    def __init__(self, uri: str, **options: Unpack[SourceOptions]) -> None:
        refuse_unknown(options, ("auth_token",), of="a Synapse source")
        match = _ID.fullmatch(uri.partition("://")[2].strip("/"))
        if match is None:
            raise InputError(f"invalid Synapse URI {uri}", hint="write synapse://syn123 or synapse://syn123.4")
        self.synapse_id, self._version = match.group(1), match.group(2)
        self._auth_token: str | None = options.get("auth_token") or os.environ.get(_TOKEN)
        remember_secret(self._auth_token)
        _require_client()

    @property
    def uri(self) -> str:
        """Canonical URI: the id, and the version if given."""
        return f"synapse://{self.synapse_id}" + (f".{self._version}" if self._version else "")

    @property
    def name(self) -> str:
        """File name on Synapse."""
        return Path(str(self._entity.name)).name

    def token(self) -> str:
        """Return version number and MD5 of the file."""
        return f"{self._entity.version_number}-{self._entity.file_handle.content_md5}"

    def fetch(self, target: Path) -> Metadata:
        """Download the file and return its metadata; the client library verifies the MD5."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".synapse-", dir=target.parent) as folder:
            entity = self._request(folder, f"get {self.uri}")
            if not entity.path:
                raise StorageError(
                    f"access denied: {self.uri} cannot be downloaded with this token",
                    hint="accept the conditions for use on its Synapse page, or request access from its owner",
                )
            Path(entity.path).replace(target)
        annotations = {name: [str(v) for v in values] for name, values in (entity.annotations or {}).items()}
        return {
            "source": self.uri,
            "synapse_id": self.synapse_id,
            "synapse_version": int(entity.version_number),
            "md5": str(entity.file_handle.content_md5),
            "annotations": annotations,
        }

    @cached_property
    def _entity(self) -> "File":
        """Metadata of the file on Synapse, requested once."""
        entity = self._request(None, f"get metadata of {self.uri}")
        if entity.file_handle is None:
            raise StorageError(
                f"access denied: {self.uri} has no file that this token can read",
                hint=f"set {_TOKEN} to a token with view and download scope, and accept the conditions for use",
            )
        return entity

    def _request(self, folder: str | None, what: str) -> "File":
        """Request the file, or its metadata where no folder is given, within the time budget of one request.

        The client library repeats each request for up to 20 minutes. A download may take any time as long as bytes
        arrive.
        """

        def request() -> "File":
            return attempt(lambda: self._get(folder), what=what, sign_in=_SIGN_IN)

        budget = StorageSettings.from_environment().budget
        return translate_errors(lambda: within(budget, request, lambda: _bytes_in(folder)), what=what)

    def _get(self, folder: str | None) -> "File":
        from synapseclient.models import File

        with tempfile.TemporaryDirectory(prefix="spatialcore-synapse-") as cache:
            client = self._sign_in(cache)
            version = int(self._version) if self._version else None
            file = File(id=self.synapse_id, version_number=version, path=folder, download_file=folder is not None)
            return file.get(synapse_client=client)

    def _sign_in(self, cache: str) -> "Synapse":
        import synapseclient

        config = os.environ.get("SYNAPSE_CONFIG", str(Path("~/.synapseConfig").expanduser()))
        client = synapseclient.Synapse(
            configPath=config,
            cache_root_dir=cache,
            cache_client=False,
            skip_checks=True,
            silent=True,
            http_timeout_seconds=int(StorageSettings.from_environment().read_timeout),
        )
        require_host(client.repoEndpoint)
        client.login(authToken=self._auth_token, silent=True)
        return client


def download_synapse_reference(
    synapse_id: str, output: str | Path, force: bool = False, *, auth_token: str | None = None
) -> str:
    """Download a file from Synapse.

    Parameters
    ----------
    synapse_id
        ``syn123``, or ``syn123.4`` for version 4.
    output
        Path or URI of a file or folder; in a folder the file has its name on Synapse.
    force
        Download again even if the output exists.
    auth_token
        Personal access token; by default SYNAPSE_AUTH_TOKEN, then ``~/.synapseConfig``.

    Returns
    -------
    str
        Path or URI of the file.

    Raises
    ------
    InputError
        The id is invalid.
    StorageError
        The token does not permit the download.
    DependencyError
        synapseclient is not installed.

    Examples
    --------
    >>> download_synapse_reference("syn12345678", "references/")  # doctest: +SKIP
    'references/atlas.h5ad'
    """
    source = SynapseSource(f"synapse://{synapse_id}", auth_token=auth_token)
    is_file = str(output).endswith((".h5ad", ".h5"))
    return deliver(source, str(output) if is_file else join(output, source.name), force=force)


def _bytes_in(folder: str | None) -> int:
    return 0 if folder is None else sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def _require_client() -> None:
    try:
        import synapseclient  # noqa: F401
    except ImportError:
        missing = DependencyError(
            "synapseclient is needed for synapse:// URIs: pip install synapseclient",
            hint="or install the extra: pip install 'spatialcore-celltyping[synapse]'",
        )
        raise missing from None
