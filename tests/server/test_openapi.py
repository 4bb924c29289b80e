"""The description of the HTTP interface is true, and no request that is made from it breaks anything."""

import json
from pathlib import Path
from zlib import crc32

import pytest
import schemathesis
import yaml
from requests import Session
from schemathesis import checks
from starlette.applications import Starlette

from cellucid import CellucidWidget
from cellucid.server import data_server
from cellucid.server.app import make_app
from cellucid.server.counters import Counters
from cellucid.server.registry import Registry

from .conftest import make_adata
from .fuzz import looking

DESCRIPTION = Path(__file__).with_name("openapi.yaml")
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
schema = schemathesis.openapi.from_path(DESCRIPTION)


@pytest.fixture(scope="module")
def widget():
    shown = CellucidWidget(make_adata())
    assert shown.viewer_url
    yield shown
    shown.close()


@pytest.fixture(scope="module")
def session():
    with Session() as one:
        one.trust_env = False
        yield one


def make_known(case, widget):
    """Name, in two of three requests, a dataset and a viewer that are there, instead of those that were made up."""
    if crc32(repr((case.path_parameters, case.query, case.body)).encode()) % 3 == 0:
        return
    if "key" in case.path_parameters:
        case.path_parameters["key"] = widget._boot["path"].split("/")[2]
        known = list(widget._dataset.resources())
        case.path_parameters["resource"] = known[crc32(repr(case.headers).encode()) % len(known)]
    if "viewerId" in case.query and not case.path.endswith("/commands"):  # a stream that has no end
        case.query["viewerId"] = widget.viewer_id


@schema.parametrize()
@looking(40)
def test_any_request_is_answered_as_is_written(case, widget, session):
    server = data_server()
    make_known(case, widget)
    answer = case.call_and_validate(
        base_url=server.url, session=session, headers={"X-Cellucid-Token": server.token}, checks=CHECKS, timeout=20
    )
    if answer.status_code >= 400 and answer.request.method != "HEAD" and b"<!doctype" not in answer.content[:20]:
        assert set(json.loads(answer.content)) == {"error", "message", "hint"}


def test_what_is_answered_is_described_and_nothing_else():
    described = set(yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))["paths"])
    app = make_app(Registry(), "token", 1, Counters())._app
    assert isinstance(app, Starlette)
    routes = {
        route.path.replace(":path", "").replace(":int", "").replace("{path}", "{resource}") for route in app.routes
    }
    assert routes == described
