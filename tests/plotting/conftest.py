"""Fixtures of the plotting tests."""

import pytest

from tests.plotting.tissues import MARKERS, annotated, make_tissue


@pytest.fixture
def tissue():
    """Return 410 cells of three types."""
    return make_tissue()


@pytest.fixture
def sample():
    """Return the tissue as annotated by a run, with a run manifest."""
    return annotated(make_tissue())


@pytest.fixture
def markers():
    """Return the markers of the three types."""
    return {name: list(members) for name, members in MARKERS.items()}


@pytest.fixture(autouse=True)
def no_global_state():
    """Check that the test closes its figures and leaves the settings of matplotlib unchanged."""
    import matplotlib
    from matplotlib import _pylab_helpers

    before = dict(matplotlib.rcParams)
    yield
    assert dict(matplotlib.rcParams) == before
    assert not _pylab_helpers.Gcf.get_all_fig_managers()
