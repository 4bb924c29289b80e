import http.client
from collections.abc import Mapping
from typing import NamedTuple

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from cellucid.dataset import open_dataset
from cellucid.server import DataServer

N_CELLS = 100


def make_adata():
    rng = np.random.default_rng(0)
    obs = pd.DataFrame({"a b/c%é": rng.normal(size=N_CELLS)}, index=[f"cell-{n}" for n in range(N_CELLS)])
    counts = rng.poisson(1, (N_CELLS, 2)).astype(np.float32)
    adata = ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=["CD3E", "X/Y"]))
    adata.obsm["X_umap"] = rng.normal(size=(N_CELLS, 2)).astype(np.float32)
    return adata


def make_dataset(name="cells"):
    return open_dataset(make_adata(), name=name)


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


@pytest.fixture
def server():
    running = DataServer()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def dataset():
    return make_dataset()


@pytest.fixture
def ask(server):
    """`ask(path)` over a real socket; with the token unless `token=None`, and any headers, Host included."""

    def request(path, *, method="GET", token=server.token, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            given["X-Cellucid-Token"] = token
        connection.putrequest(method, path, skip_host="Host" in given, skip_accept_encoding="Accept-Encoding" in given)
        for name, value in given.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)

    return request
