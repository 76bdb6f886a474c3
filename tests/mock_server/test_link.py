"""Links: what is cut is the connection of one request."""

from contextlib import closing
from http.client import HTTPConnection

import pytest
from sqlalchemy import Engine

from mock_server.access import Role
from mock_server.settings import Settings
from tests.mock_server.centre import serving
from tests.mock_server.keyholders import Showing, issue
from tests.mock_server.packets import OFFICE, OTHER_OFFICE
from tests.mock_server.test_faults import inject


def test_a_cut_closes_its_connection_and_leaves_others_open(
    settings: Settings, engine: Engine, showing: Showing
) -> None:
    with serving(settings) as client:
        admin = showing(client, issue(engine, Role.ADMIN))
        key, other_key = (issue(engine, Role.OPERATOR, code) for code in (OFFICE, OTHER_OFFICE))
        inject(admin, kind="link-cut", office=OFFICE)
        address = (client.base_url.host, client.base_url.port)
        with closing(HTTPConnection(*address)) as cut, closing(HTTPConnection(*address)) as kept:
            for _ in range(2):
                kept.request("GET", "/v1/queues", headers={"Authorization": f"Bearer {other_key}"})
                assert kept.getresponse().read()
                used = kept.sock
                cut.request("GET", "/v1/queues", headers={"Authorization": f"Bearer {key}"})
                with pytest.raises(ConnectionError):
                    cut.getresponse()
                assert kept.sock is used
