"""Start of the results server, and its allowed host names."""

import pytest

from deployments.environment import Installation
from deployments.results_server import allowed_hosts, is_loopback, serve
from spatialcore.errors import InputError


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "::", "results.example"])
def test_without_a_login_it_does_not_listen_on_other_interfaces(host: str) -> None:
    with pytest.raises(InputError, match=r"there is no login\n  -> set SPATIALCORE_FILES_LOGIN"):
        serve(host, 1, Installation(store="store"), "")


def test_loopback_addresses_and_allowed_host_names() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9")] == [True] * 4
    assert not is_loopback("10.0.0.1")
    loopback = {"localhost", "127.0.0.1", "[::1]"}
    assert set(allowed_hosts("0.0.0.0", "https://results.lab:444/x")) == loopback | {"results.lab"}
    assert set(allowed_hosts("10.0.0.1", "")) == loopback | {"10.0.0.1"}
