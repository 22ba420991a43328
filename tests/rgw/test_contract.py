"""The contract suite on a real Ceph RGW: over plain HTTP, over TLS, and with listings of the Swift API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry_contract import ContractSuite
from bucketry_contract.suite.listing import ListingTests
from bucketry_contract.suite.paging import PagingTests

from tests.known_faults import with_known_faults
from tests.rgw.backend import RgwBackend
from tests.rgw.known_faults import RGW
from tests.servers.handles import RgwServer


@with_known_faults("RGW 16.2", RGW)
class TestRgw(ContractSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls, rgw_server: RgwServer) -> Iterator[RgwBackend]:
        backend = RgwBackend(rgw_server)
        yield backend
        backend.cleanup()


@with_known_faults("RGW 16.2", RGW)
class TestRgwOverTls(ContractSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls, rgw_server: RgwServer) -> Iterator[RgwBackend]:
        backend = RgwBackend(rgw_server, secure=True)
        with pytest.MonkeyPatch.context() as patch:
            # The suite opens presigned URLs as anybody would, who trusts what the machine trusts.
            patch.setenv("SSL_CERT_FILE", rgw_server.ca_file or "")
            yield backend
        backend.cleanup()


class TestRgwWithSwift(ListingTests, PagingTests):
    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls, rgw_server: RgwServer) -> Iterator[RgwBackend]:
        backend = RgwBackend(rgw_server, swift_user=rgw_server.swift_user, swift_secret=rgw_server.swift_secret)
        yield backend
        backend.cleanup()
