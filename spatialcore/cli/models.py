"""spatialcore models: list, show, promote and roll back model versions in a store."""

from typing import TYPE_CHECKING, Annotated

import typer

from spatialcore.cli.console import AsJson, console, table

if TYPE_CHECKING:
    from spatialcore.registry import ModelVersion, Pointer

app = typer.Typer(help="List, show, promote and roll back published models.", no_args_is_help=True)
Store = Annotated[
    str, typer.Option("--store", help="Folder, s3:// or gs:// prefix of the store.", envvar="SPATIALCORE_STORE")
]
Tissue = Annotated[str, typer.Argument(help="Tissue of the model.")]
Reason = Annotated[str, typer.Option("--reason", help="Reason, stored in the history.")]


@app.command("ls")
def ls(
    store: Store,
    tissue: Annotated[str | None, typer.Argument(help="List only this tissue.")] = None,
    as_json: AsJson = False,
) -> None:
    """List tissues and versions; the version in use is marked with *."""
    console.start(as_json=as_json)
    from spatialcore import registry

    listed: list[dict[str, object]] = []
    rows = []
    for name in [tissue] if tissue else registry.tissues(store):
        pointer = registry.current(store, name)
        for version in registry.versions(store, name):
            in_use = pointer is not None and pointer.version == version.version
            listed.append({**_describe(version), "in_use": in_use})
            published = version.published.isoformat()[:16]
            rows.append(("*" if in_use else "", name, version.version, published, version.model_uri))
    overview = table("", ("", "tissue", "version", "published", "model"), rows)
    console.result(listed, overview if rows else f"no model has been published in {store}")


@app.command("show")
def show(
    tissue: Tissue,
    store: Store,
    version: Annotated[str, typer.Argument(help="Version, or 'current'.")] = "current",
    as_json: AsJson = False,
) -> None:
    """Show the files, digests and details of a version."""
    console.start(as_json=as_json)
    from spatialcore import registry

    model = registry.show(store, tissue, version)
    rows = [(file.uri, f"{file.size / 1e6:.2f}", file.sha256[:12]) for file in model.files]
    details = [(key, value) for key, value in model.details.items()]
    console.result(
        model.model_dump(mode="json"),
        table(f"{model.tissue} {model.version}", ("", ""), [("published", model.published), *details]),
        table("", ("file", "MB", "sha256"), rows),
    )


@app.command("promote")
def promote(
    tissue: Tissue,
    version: Annotated[str, typer.Argument(help="Version to put into use.")],
    store: Store,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Put a version into use."""
    console.start(as_json=as_json)
    from spatialcore import registry

    _report_pointer(registry.promote(store, tissue, version, reason=reason))


@app.command("rollback")
def rollback(tissue: Tissue, store: Store, reason: Reason = "rollback", as_json: AsJson = False) -> None:
    """Put the previous version into use again."""
    console.start(as_json=as_json)
    from spatialcore import registry

    _report_pointer(registry.rollback(store, tissue, reason=reason))


def _report_pointer(pointer: "Pointer") -> None:
    console.result(pointer.model_dump(mode="json"), f"{pointer.tissue}: version {pointer.version} is in use")


def _describe(version: "ModelVersion") -> dict[str, str]:
    return {
        "tissue": version.tissue,
        "version": version.version,
        "published": version.published.isoformat(),
        "model": version.model_uri,
    }
