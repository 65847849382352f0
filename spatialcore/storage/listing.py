"""What lies below a folder of a store."""

from pathlib import Path
from typing import Any

from spatialcore.storage.connections import connect
from spatialcore.storage.faults import attempt
from spatialcore.storage.stat import stat_local, stat_of
from spatialcore.storage.stored import is_ours
from spatialcore.storage.uri import Location, canonical, parse_uri


def list_files(uri: str | Path) -> list[str]:
    """Return the URIs of all files below a folder, sorted; manifests and unfinished transfers are left out."""
    return [place.uri for place, _ in _found(uri)]


def list_versions(uri: str | Path) -> dict[str, str]:
    """Return the version token of each file below a folder, by its URI; the store is asked once, not for each."""
    return {place.uri: _token(place, info) for place, info in _found(uri)}


def _found(uri: str | Path) -> list[tuple[Location, dict[str, Any]]]:
    location = parse_uri(str(uri).rstrip("/") + "/x")
    folder = location.path.removesuffix("/x")

    def once() -> dict[str, dict[str, Any]]:
        system, _ = connect(location)
        found: dict[str, dict[str, Any]] = system.find(folder, detail=True)
        return found

    found = attempt(once, what=f"list {canonical(location.uri).removesuffix('x')}")
    paths = {path.lstrip("/") if location.scheme == "memory" else path: info for path, info in found.items()}
    places = ((Location(location.scheme, path), info) for path, info in paths.items() if not is_ours(path))
    return sorted(places, key=lambda found: found[0].uri)


def _token(place: Location, info: dict[str, Any]) -> str:
    return (stat_local(Path(place.path)) if place.is_local else stat_of(place.scheme, info)).token
