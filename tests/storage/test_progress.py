"""The bar of long transfers."""

from types import SimpleNamespace

import pytest

from spatialcore.storage.progress import progress_bar


@pytest.mark.parametrize(("total", "disabled"), [(1_000, True), (100 << 20, None), (None, None)])
def test_bar_for_long_transfers_only(total: int | None, disabled: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []

    class Bar(SimpleNamespace):
        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: object) -> None:
            shown.append(self.disable)

        def update(self, count: int) -> None:
            shown.append(count)

    monkeypatch.setattr("tqdm.tqdm", Bar)
    with progress_bar("a.h5ad", total) as advance:
        advance(10)
        advance(20)
    assert shown == [10, 20, disabled]
