"""A widget of a file: opened by its path, looked at again when it has changed, and closed with the widget."""

from __future__ import annotations

import os
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import traitlets

import passes
from cellucid import CellucidWidget, open_dataset, show_anndata
from cellucid.channel import rpc
from cellucid.channel.messages import PIECE_BYTES
from cellucid.dataset import DatasetError
from cellucid.widget.host import WidgetHost
from cellucid.widget.picture import picture
from passes import GENE, SlowPass


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rows = np.arange(8, dtype=np.float32)
    adata = ad.AnnData(
        np.outer(rows, [1, 10]).astype(np.float32),
        obs=pd.DataFrame({"leiden": pd.Categorical(list("aabbaabb"))}, index=[f"c{i}" for i in range(8)]),
        var=pd.DataFrame({"symbol": ["CD3D", "MS4A1"]}, index=["ENSG1", "ENSG2"]),
        obsm={
            "X_pca": np.column_stack([rows, rows**2, -rows, rows + 5]),
            "X_umap": np.column_stack([rows, -rows]),
            "pseudotime": rows[:, None],
            "spatial": np.column_stack([rows, rows * 3]),
        },
    )
    adata.write_h5ad(tmp_path / "data.h5ad")
    return tmp_path / "data.h5ad"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux lists what is open")
def test_a_constructor_that_is_given_nonsense_says_so_and_leaves_no_file_open(path: Path) -> None:
    with pytest.raises(TypeError, match="numbers of columns such as"):
        CellucidWidget(path, components=5)
    opened = [os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()]
    assert str(path.resolve()) not in opened


def test_a_path_is_shown_and_closed_with_the_widget(path: Path) -> None:
    widget = CellucidWidget(path, color_by="leiden")
    assert (widget.n_cells, widget.embedding) == (8, "X_umap")
    widget.selection = ["c3", "c5"]
    selected = widget.selected
    assert isinstance(selected, ad.AnnData)
    assert selected.is_view
    root = widget._dataset._source._file.root
    widget.stop()
    assert root
    widget.close()
    widget.close()
    assert not root
    assert selected.to_memory().X[:, 1].tolist() == [30, 50]
    with pytest.raises(DatasetError, match="'data' is closed"):
        widget.selected  # noqa: B018


def test_a_gene_comes_over_the_comm_while_its_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc, "PATIENCE", 0)
    slow = SlowPass(monkeypatch)
    path = passes.write(tmp_path / "cells.h5ad")
    host = WidgetHost(CellucidWidget(path))
    pieces = []
    while (offset := sum(map(len, pieces))) < len(passes.values()):
        slow.allow(1)
        answer = host.read_piece(GENE, offset, PIECE_BYTES)
        assert answer.result["total"] == len(passes.values())
        pieces.append(bytes(answer.buffers[0]))
    assert len(pieces) == len(slow.blocks) > 3
    assert b"".join(pieces) == passes.values()
    passes.write(tmp_path / "new.h5ad", seed=1).replace(path)
    with pytest.raises(rpc.RequestError, match="has changed on disk") as refused:
        host.read_piece("var/g4.values.f32", 0, PIECE_BYTES)
    assert refused.value.code == "dataset"


def test_a_file_that_changes_while_a_gene_comes_over_the_comm_is_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc, "PATIENCE", 0)
    slow = SlowPass(monkeypatch)
    path = passes.write(tmp_path / "cells.h5ad")
    host = WidgetHost(CellucidWidget(path))
    slow.finish()
    there = len(host.read_piece(GENE, 0, PIECE_BYTES).buffers[0])
    passes.write(tmp_path / "new.h5ad", seed=1).replace(path)
    with pytest.raises(rpc.RequestError, match="has changed on disk"):
        host.read_piece(GENE, there, PIECE_BYTES)


def test_names_are_read_when_somebody_asks_for_cells_by_name(path: Path) -> None:
    widget = CellucidWidget(str(path))
    table = widget._dataset._source._obs
    widget.selection = [3, 5]
    assert "names" not in vars(table)
    assert list(widget.selected_names) == ["c3", "c5"]
    assert "names" in vars(table)
    widget.close()


def test_the_users_backed_anndata_and_dataset_stay_open(path: Path) -> None:
    backed = ad.read_h5ad(path, backed="r")
    dataset = open_dataset(path)
    for data in (backed, dataset):
        CellucidWidget(data, color_by="ENSG2").close()
    assert backed.file.is_open
    assert dataset.gene("ENSG1").tolist() == list(range(8))
    backed.file.close()
    dataset.close()


def test_a_widget_that_cannot_be_made_lets_go_of_the_file(path: Path) -> None:
    with pytest.raises(traitlets.TraitError, match="'nope'"):
        show_anndata(path, color_by="nope")
    path.with_name("other").write_bytes(path.read_bytes())
    path.with_name("other").replace(path)
    CellucidWidget(path).close()


def test_components_choose_columns(path: Path) -> None:
    widget = CellucidWidget(path, embedding="X_pca", components="1,3")
    assert (widget.embedding, widget.dimension) == ("X_pca:1,3", 2)
    assert widget._dataset.coordinates(widget.embedding)[2].tolist() == [2, -2]
    widget.embedding = "X_pca"
    assert widget.dimension == 3
    widget.embedding = " X_pca: 4 "
    assert (widget.embedding, widget.dimension) == ("X_pca:4", 1)
    assert widget.camera["center"] == [8.5, 0.0]
    assert "X_pca:4" not in widget.embeddings
    widget.refresh()
    assert (widget.embedding, widget.dimension) == ("X_pca:4", 1)
    state = widget.to_state()
    widget.embedding = "X_umap"
    widget.load(state)
    assert widget.embedding == "X_pca:4"
    with pytest.raises(traitlets.TraitError, match="'X_pca' has 4 columns, counted from 1; there is no 9"):
        widget.embedding = "X_pca:9"
    widget.close()
    for given in ([2, 1], (2, 1), "2,1"):
        other = CellucidWidget(path, components=given)
        assert other.embedding == "X_umap:2,1"
        other.close()


def test_one_column_and_pixels_have_a_picture(path: Path) -> None:
    pictures = []
    for embedding in ("pseudotime", "spatial", "X_pca:1,2"):
        widget = CellucidWidget(path, embedding=embedding)
        pictures.append(picture(widget))
        assert widget._dataset.embedding(embedding).y_down is (embedding == "spatial")
        widget.zoom_to([1, 2])
        widget.close()
    assert len(set(pictures)) == 3


def test_gene_symbols_are_found_and_shown(path: Path) -> None:
    for symbols in (None, "symbol"):
        widget = CellucidWidget(path, color_by="CD3D", gene_symbols=symbols)
        assert widget.color_by == "CD3D"
        widget.filters = {"gene:MS4A1": {"min": 30}}
        assert widget.n_visible == 5
        assert list(widget._dataset.genes) == (["ENSG1", "ENSG2"] if symbols is None else ["CD3D", "MS4A1"])
        widget.close()
    with pytest.raises(TypeError, match="from its opening"):
        CellucidWidget(open_dataset(path), gene_symbols="symbol")


def test_refresh_looks_at_the_file_as_it_is_now(path: Path) -> None:
    widget = CellucidWidget(path, color_by="leiden")
    widget.selection = ["c1", "c6"]
    changed = ad.read_h5ad(path)[[7, 6, 1]].copy()
    changed.write_h5ad(path.with_name("new"))
    path.with_name("new").replace(path)
    with pytest.raises(DatasetError, match="has changed on disk"):
        widget.selected  # noqa: B018
    widget.refresh()
    assert widget.n_cells == 3
    assert widget.selection.tolist() == [1, 2]
    assert list(widget.selected.obs_names) == ["c6", "c1"]
    widget.close()


def test_a_path_that_is_not_there_is_an_error_before_anything_is_shown() -> None:
    with pytest.raises(ValueError, match="there is no file or folder"):
        CellucidWidget("nowhere.h5ad")
