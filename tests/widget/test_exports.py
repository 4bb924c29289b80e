"""The widget over export folders: ours, and those that Cellucid wrote."""

import http.client
import json
import urllib.parse
from pathlib import Path

import numpy as np
import pytest
import traitlets

import cellucid
from cellucid import CellucidWidget, prepare, show

EXPORTS = Path(__file__).resolve().parents[1] / "vectors/exports"


@pytest.fixture
def exported(cube, tmp_path):
    widget = CellucidWidget(prepare(cube, tmp_path / "cube", compression=6, progress=False))
    yield widget
    widget.close()


def test_an_export_is_shown_as_the_data_it_was_made_of(exported, shown, cube):
    assert (exported.embedding, exported.embeddings, exported.n_cells) == (shown.embedding, shown.embeddings, 10)
    exported.selection = shown.selection = "leiden == '0' and score < 5"
    np.testing.assert_array_equal(exported.selection, shown.selection)
    assert exported.selected_names.tolist() == shown.selected_names.tolist() == ["cell-0", "cell-4"]
    assert exported.selected.obs["score"].tolist() == [0.0, 4.0]
    assert exported.selected.obs_names.tolist() == ["cell-0", "cell-4"]
    exported.color_by = "CD3E"
    exported.color_by = "obs:leiden"
    with pytest.raises(traitlets.TraitError, match="'CD3E'"):
        exported.color_by = "cd3e"
    exported.filters = {"gene:MS4A1": {"min": 1}}
    assert exported.n_visible == (cube[:, "MS4A1"].X >= 1).sum()
    with pytest.raises(traitlets.TraitError, match="'X'"):
        exported.layer = "double"
    exported.embedding = "X_umap_3d"
    assert exported.dimension == 3
    exported.zoom_to([3, 4])
    exported.highlight_cells(["cell-2"])


@pytest.mark.parametrize("name", ["A-none", "A-q8gz", "B-none", "B-q8gz", "C-none", "C-q8gz"])
def test_every_resource_of_an_export_comes_over_http(name):
    widget = CellucidWidget(str(EXPORTS / name), color_by="cell type")
    try:
        dataset, boot = widget._dataset, widget._boot
        connection = http.client.HTTPConnection("127.0.0.1", boot["port"], timeout=10)
        for path in dataset.resources():
            url = f"/{boot['path']}/{urllib.parse.quote(path)}".replace("//", "/")
            connection.request("GET", url, headers={"X-Cellucid-Token": boot["token"]})
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, bytes(dataset.read(path).data)), path
        widget.selection = "n_counts > 105 and `cell type` == 'A'"
        assert widget.selection.tolist() == [6, 8]
        assert widget.selected_names.tolist() == ["6", "8"]  # an export of Cellucid's has no names
        widget.refresh()
        assert widget.selection.tolist() == [6, 8]
    finally:
        widget.close()


def test_one_of_several_is_shown_by_its_id(cube, tmp_path, capsys):
    for name in ("one", "two"):
        prepare(cube, tmp_path / name, dataset_id=f"id-{name}", progress=False)
    cellucid.generate_datasets_manifest(tmp_path, default_dataset="id-two")
    widget = show(tmp_path)
    assert (widget.dataset, [one["id"] for one in widget.datasets]) == ("id-two", ["id-one", "id-two"])
    assert "http://127.0.0.1" in capsys.readouterr().out  # outside a notebook the address is printed
    widget.close()
    widget = CellucidWidget(tmp_path, dataset="id-one")
    assert widget.dataset == "id-one"
    widget.close()
    with pytest.raises(ValueError, match=r"no dataset 'id-three'.*'id-one'"):
        show(tmp_path, dataset="id-three")


def test_an_export_that_cannot_be_read_says_so_before_anything_is_shown(cube, tmp_path):
    folder = prepare(cube, tmp_path / "cube", progress=False)
    (folder / "points_2d.bin").write_bytes(b"")
    with pytest.raises(ValueError, match=r"cube/points_2d.bin: it has 0 bytes"):
        show(folder)


def test_what_is_wrong_with_one_file_is_an_answer_to_the_page(cube, tmp_path):
    folder = prepare(cube, tmp_path / "cube", progress=False)
    (folder / "var/CD3E.values.f32").write_bytes(b"")
    widget = CellucidWidget(folder)
    boot = widget._boot
    connection = http.client.HTTPConnection("127.0.0.1", boot["port"], timeout=10)
    url = f"/{boot['path']}/var/CD3E.values.f32".replace("//", "/")
    connection.request("GET", url, headers={"X-Cellucid-Token": boot["token"]})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    assert answer.status >= 400
    assert "cube/var/CD3E.values.f32: it has 0 bytes" in body["message"]
    assert str(tmp_path) not in json.dumps(body)
    widget.close()
