"""The command line, run as a person runs it."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from importlib.metadata import entry_points, version
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from cellucid import cli, open_dataset, prepare, serve
from cellucid.browser import opened_at
from cellucid.server import log_on_stderr
from patience import wait_until

SHOW = sys.modules["cellucid.show"]  # the attribute of the package is the function
EXPORTS = Path(__file__).parent / "vectors/exports"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cellucid.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_prepare_and_info_from_a_shell(tmp_path):
    done = run("prepare", EXPORTS / "C-none", tmp_path / "out", "--var-quantization", 8, "--compression", 6)
    assert (done.returncode, done.stdout.startswith(f"{tmp_path / 'out'}: ")) == (0, True), done.stderr
    assert done.stdout.endswith(f"look at it with: cellucid serve {tmp_path / 'out'}\n")
    assert "100%" in done.stderr  # the progress bar
    told = run("info", tmp_path / "out")
    assert told.returncode == 0
    assert told.stdout.splitlines()[:5] == [
        "name:        out",
        "id:          out",
        "stored as:   export folder",
        "cells:       12, without names",
        "genes:       5; matrices: X (shown)",
    ]
    assert "umap_3d (3D)" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (("info", "gone"), 1, "cellucid: there is no folder 'gone'"),
        (("prepare", EXPORTS / "A-none", EXPORTS / "A-q8gz"), 1, "exists; pass force=True (--force)"),
        (("prepare", EXPORTS / "A-none", "out", "--gene", "nobody"), 1, "'nobody' is not among the 5 genes"),
        (("prepare", EXPORTS / "A-none", "out", "--genes", "gone.txt"), 1, "cellucid: 'gone.txt': No such file"),
        (("prepare", EXPORTS / "A-none", "out", "--dataset", "other"), 1, "There are: 'tiny_demo'"),
        (("prepare", EXPORTS / "A-none", "out", "--compression", "12"), 2, "invalid choice"),
        (("prepare", EXPORTS / "A-none"), 2, "OUT_DIR"),
        (("prepare", EXPORTS / "A-none", "out", "--layer", "X", "--no-genes"), 2, "--layer says which genes"),
        (("prepare", EXPORTS / "A-none", "out", "--gene", "HLA-A", "--no-genes"), 2, "--gene says which genes"),
        (("prepare", EXPORTS / "A-none", "out", "--genes", "gone.txt", "--no-genes"), 2, "--genes says which genes"),
        (("page", EXPORTS / "A-none/obs_manifest.json"), 1, "obs_manifest.json' is a file; name the folder"),
        (("serve", EXPORTS / "A-none", "--port", "70000"), 2, "'70000' is no port; expected 1 to 65535"),
        (("serve", EXPORTS / "A-none", "--port", "-1"), 2, "'-1' is no port; expected 1 to 65535"),
        (("dance",), 2, "invalid choice"),
        ((EXPORTS / "A-none",), 2, "A-none' is no command; to look at it: cellucid serve "),
        (("my cells.h5ad", "--port", "1"), 2, "is no command; to look at it: cellucid serve 'my cells.h5ad'"),
    ],
)
def test_errors_are_one_line_and_a_status(tmp_path, monkeypatch, capsys, arguments, status, reason):
    monkeypatch.chdir(tmp_path)
    try:
        found = cli.main([str(argument) for argument in arguments])
    except SystemExit as exit:
        found = exit.code
    out, error = capsys.readouterr()
    assert (found, out) == (status, "")
    assert reason in error
    if status == 1:
        assert len(error.splitlines()) == 1
        assert error.startswith("cellucid: ")
    assert list(tmp_path.iterdir()) == []


def test_everything_that_can_be_chosen(tmp_path, capsys):
    genes = tmp_path / "genes.txt"
    genes.write_text("CD3/D\n\nHLA-A\n")
    options = [
        "--genes",
        genes,
        "--gene",
        "GENE 5",
        "--obs",
        "score",
        "--embedding",
        "X_umap_2d",
        "--layer",
        "X",
        "--quiet",
    ]
    about = ["--id", "my-id", "--name", "My data", "--description", "Twelve.", "--created-at", "2026-01-01T00:00:00Z"]
    source, out = str(EXPORTS / "A-none"), tmp_path / "out"
    assert cli.main(["prepare", source, str(out), *map(str, options), *about]) == 0
    assert capsys.readouterr() == ("", "")
    dataset = open_dataset(out)
    assert (dataset.id, dataset.name, dataset.embeddings) == ("my-id", "My data", ["X_umap_2d"])
    assert sorted(dataset.genes) == ["CD3/D", "GENE 5", "HLA-A"]
    assert [field.key for field in dataset.fields] == ["score"]
    assert json.loads((out / "dataset_identity.json").read_text())["description"] == "Twelve."
    assert cli.main(["prepare", source, str(out), "--no-genes", "--force", "--quiet"]) == 0
    assert open_dataset(out).n_genes == 0


def test_a_folder_of_several_is_listed(capsys):
    assert cli.main(["info", str(EXPORTS)]) == 0
    out = capsys.readouterr().out
    n = sum(folder.is_dir() for folder in EXPORTS.iterdir())
    assert out.startswith(f"{n} datasets; tell more of one with --dataset ID\n")
    assert "\n  B-none: Tiny demo\n" in out  # all have one id, so each goes by its folder
    assert cli.main(["info", str(EXPORTS), "--dataset", "B-none"]) == 0
    assert "12, without names" in capsys.readouterr().out


def test_several_are_listed_with_their_folders(tmp_path, capsys):
    for folder, dataset_id in (("liver_v1", "liver"), ("liver_v2", "liver2"), ("spleen", "spleen")):
        prepare(EXPORTS / "A-none", tmp_path / folder, dataset_id=dataset_id, dataset_name="Tissue", progress=False)
    assert cli.main(["info", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  liver: Tissue, in liver_v1",
        "  liver2: Tissue, in liver_v2",
        "  spleen: Tissue",
    ]


def test_info_reads_no_more_than_it_tells(tmp_path, capsys):
    cells = ad.AnnData(
        obs=pd.DataFrame({"group": ["a", "b"], "score": [0.5, 1]}, index=["x", "y"]), obsm={"X_umap": np.eye(2)}
    )
    folder = prepare(cells, tmp_path / "out", progress=False)
    for file in (folder / "additions/cell_names.json", *folder.glob("obs/*")):
        file.write_bytes(b"damaged")
    assert cli.main(["info", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "cells:       2\n" in out
    assert "categories:  group (2)\nnumbers:     score\n" in out


def test_the_command_is_installed_and_tells_its_version(capsys):
    assert [point.value for point in entry_points(group="console_scripts", name="cellucid")] == ["cellucid.cli:main"]
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"cellucid {version('cellucid')}\n"
    assert cli.main([]) == 0
    assert "prepare" in capsys.readouterr().out


SLOW = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job ignores
from cellucid import cli, export
def prepare(*arguments, **options):
    print("ready", flush=True)
    time.sleep(60)
cli.prepare = prepare
sys.exit(cli.main(["prepare", "a", "b"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_ends_with_130(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "cellucid: interrupted\n"
    assert process.returncode == 130


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("quiet", [True, False])
def test_serve_prints_where_to_look_and_ctrl_c_ends_it(quiet):
    process, lines = begin("serve", EXPORTS / "A-none", "--no-browser", *(["--quiet"] if quiet else []))
    (address,) = addresses(lines)
    with urlopen(address, timeout=20) as page:
        assert "<title>tiny demo</title>" in page.read().decode().lower()
    if not quiet:
        port = urlsplit(address).port
        assert any(f"ssh -N -L {port}:127.0.0.1:{port} " in line for line in lines)
        assert "12 cells, 5 genes" in lines[0]
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "cellucid: interrupted\n"
    assert process.returncode == 130


def begin(*arguments, **environment):
    """`cellucid` in a process of its own that hears Ctrl+C and SIGHUP, and what it prints until it has said all."""
    hear = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    if hasattr(signal, "SIGHUP"):  # not heard where the tests themselves run under nohup
        hear += "; signal.signal(signal.SIGHUP, signal.SIG_DFL)"
    code = f"import signal, sys\n{hear}\nfrom cellucid import cli\nsys.exit(cli.main({[*map(str, arguments)]!r}))"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    lines = []
    while not lines or not ("--quiet" in arguments or "secret" in lines[-1]):
        lines.append(process.stdout.readline())
        assert lines[-1], process.communicate()[1]
    return process, lines


def addresses(lines):
    return [word for line in lines for word in line.split() if "viewerToken=" in word]


def test_the_banner_of_a_folder_of_several_says_that_there_are_others(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(SHOW, "_until_interrupted", lambda: None)
    for name in ("liver", "spleen"):
        prepare(EXPORTS / "A-none", tmp_path / name, dataset_name=name.title(), progress=False)
    assert cli.main(["serve", str(tmp_path), "--no-browser"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.endswith(": Liver, 12 cells, 5 genes; one of 2 datasets, choose in the viewer")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_serve_for_others_prints_what_to_send_them_and_what_it_means():
    process, lines = begin("serve", EXPORTS / "A-none", "--no-browser", "--host", "0.0.0.0", "--verbose")
    own, others = addresses(lines)
    assert urlsplit(own).hostname == "127.0.0.1"
    assert urlsplit(others).hostname not in ("127.0.0.1", "0.0.0.0")
    assert (urlsplit(others).port, urlsplit(others).query) == (urlsplit(own).port, urlsplit(own).query)
    assert "everybody on the network who has it sees the data, and they travel unencrypted" in lines[-1]
    (token,) = parse_qs(urlsplit(own).query)["viewerToken"]
    for address in (own, others):
        with urlopen(address, timeout=20) as page:
            assert "<title>tiny demo</title>" in page.read().decode().lower()
    with pytest.raises(HTTPError, match="401"):
        urlopen(f"{own.partition('?')[0]}_cellucid/info?viewerToken={token}", timeout=20)
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "INFO    cellucid.server: data server on 0.0.0.0:" in log
    assert "DEBUG   cellucid.server: GET '': 200" in log
    assert "DEBUG   cellucid.server: GET '_cellucid/info': 401" in log
    assert token not in log
    assert str(EXPORTS.parent) not in log


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_quiet_serve_for_others_prints_the_address_to_send_them():
    process, lines = begin("serve", EXPORTS / "A-none", "--no-browser", "--host", "0.0.0.0", "--quiet")
    (address,) = addresses(lines)
    assert urlsplit(address).hostname not in ("127.0.0.1", "0.0.0.0")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "cellucid: interrupted\n")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--host", "203.0.113.77"], "'203.0.113.77' is no address of this machine"),
        (["--host", ""], "the host is empty"),
        (["--allowed-host", "http://lab"], "'http://lab' is no host"),
    ],
)
def test_where_nothing_can_be_served_says_so(capsys, monkeypatch, arguments, reason):
    from cellucid.server import data_server

    monkeypatch.setattr(SHOW, "_until_interrupted", lambda: pytest.fail("something is served"))
    data_server().stop()
    assert cli.main(["serve", str(EXPORTS / "A-none"), "--no-browser", *arguments]) == 1
    out, error = capsys.readouterr()
    assert (out, len(error.splitlines())) == ("", 1)
    assert reason in error
    assert "Errno" not in error


def test_the_log_is_shown_without_the_secret_and_without_paths(capsys, tmp_path):
    logger = logging.getLogger("cellucid.dataset")
    with log_on_stderr("the-token"):
        logger.debug("opened %s for the-token", tmp_path / "patient.h5ad")
        try:
            raise OSError(2, "No such file", str(tmp_path / "patient.h5ad"))
        except OSError:
            logger.exception("failed")
    logger.error("afterwards")
    shown = capsys.readouterr().err
    assert "DEBUG   cellucid.dataset: opened …/patient.h5ad for [secret]" in shown
    assert "FileNotFoundError: [Errno 2] No such file: '…/patient.h5ad'" in shown
    assert str(tmp_path) not in shown
    assert str(Path(__file__).parent) not in shown
    assert "the-token" not in shown
    assert "afterwards" not in shown
    assert logging.getLogger("cellucid").level == logging.NOTSET


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_what_led_the_browser_there_is_gone_whatever_ends_it(tmp_path, number):
    screen = {"DISPLAY": ":0", "BROWSER": "true", "TMPDIR": str(tmp_path), "HOME": str(tmp_path), "SSH_CONNECTION": ""}
    code = "import os; os.environ.pop('SSH_CONNECTION')"
    (tmp_path / "sitecustomize.py").write_text(code)
    process, _ = begin("serve", EXPORTS / "A-none", "--quiet", **screen, PYTHONPATH=str(tmp_path))
    wait_until(lambda: list(tmp_path.glob("cellucid-*.html")))
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert list(tmp_path.glob("cellucid-*")) == []


STARTED = """
import re, sys
from pathlib import Path
from cellucid import cli
def read():
    return int(re.search(r"rchar: ([0-9]+)", Path("/proc/self/io").read_text())[1])
before = read()
sys.modules["cellucid.show"]._until_interrupted = lambda: print("read", read() - before)
sys.exit(cli.main(["serve", sys.argv[1], "--no-browser"]))
"""


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="only Linux counts what a process reads")
@pytest.mark.parametrize("suffix", [".h5ad", ".zarr"])
def test_what_serve_reads_at_the_start_does_not_grow_with_the_matrix(tmp_path, suffix):
    def bytes_read(n_genes):
        values = np.random.default_rng(0).random((2_000, n_genes), dtype=np.float32)
        x = values if suffix == ".h5ad" else sparse.csr_matrix(values)
        cells, path = ad.AnnData(x, obsm={"X_umap": np.ones((2_000, 2))}), tmp_path / f"{n_genes}{suffix}"
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # of zarr's next version
            (cells.write_h5ad if suffix == ".h5ad" else cells.write_zarr)(path)
        done = subprocess.run([sys.executable, "-c", STARTED, path], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return x.nnz * 4 if suffix == ".zarr" else x.nbytes, int(done.stdout.rsplit("read ", 1)[1])

    (small, few), (large, many) = bytes_read(20), bytes_read(2_000)
    assert many - few < 0.02 * (large - small)


INTERRUPTED = """
import os, runpy, signal, sys
from importlib.abc import MetaPathFinder
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupt(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "pandas":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
sys.argv = [{command!r}, "info", "nothing"]
import cellucid
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_while_the_command_still_imports_ends_with_130_too():
    def imported_by(command):
        code = [sys.executable, "-c", INTERRUPTED.format(command=command)]
        return subprocess.run(code, capture_output=True, text=True, timeout=60)

    ended = imported_by("/somewhere/bin/cellucid")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "cellucid: interrupted\n")
    script = imported_by("analysis.py")
    assert script.stderr.endswith("KeyboardInterrupt\n")
    assert "Traceback" in script.stderr


def test_serve_takes_a_free_port_where_the_asked_one_is_taken(capfd, monkeypatch):
    from cellucid.server import data_server

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        data_server().stop()
        monkeypatch.setattr(SHOW, "_until_interrupted", lambda: None)
        serve(EXPORTS / "A-none", port=port, open_browser=False)
    out, error = capfd.readouterr()
    assert error.startswith(f"Port {port} is taken; {data_server().port} is used. Choose another")
    assert f"http://127.0.0.1:{data_server().port}/" in out
    with pytest.raises(ValueError, match="65536 is no port"):
        serve(EXPORTS / "A-none", port=65536)


@pytest.fixture
def redirects(monkeypatch):
    """Where what leads a browser to an address lies."""
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(Path(urlsplit(address).path)))
    return opened


@pytest.fixture
def snaps(monkeypatch, tmp_path):
    """A machine that has snaps, whose browsers have a /tmp of their own and see nothing hidden."""
    if sys.platform != "linux":
        pytest.skip("snaps are Linux's")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "snap").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def test_a_browser_from_a_snap_is_led_by_a_file_that_it_sees(monkeypatch, tmp_path, snaps, redirects):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    with opened_at("http://127.0.0.1/"):
        (there,) = home.iterdir()
        assert (there.name[0], there.stat().st_mode & 0o777) == ("c", 0o600)
    assert redirects == [there]
    assert list(home.iterdir()) == []


def test_without_a_home_what_leads_the_browser_there_is_temporary(monkeypatch, tmp_path, snaps, redirects):
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    with opened_at("http://127.0.0.1/"):
        pass
    assert [path.parent for path in redirects] == [Path(tempfile.gettempdir())]


def test_the_address_is_no_argument_of_the_browser(monkeypatch):
    opened = []

    def look(address):
        path = Path(urlsplit(address).path)
        opened.append((address, path.stat().st_mode & 0o777, path.read_text(), path))

    monkeypatch.setattr(SHOW, "_until_interrupted", lambda: None)
    monkeypatch.setattr("webbrowser.open", look)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    serve(EXPORTS / "A-none", quiet=True)
    ((address, mode, text, path),) = opened
    assert address.startswith("file:")
    assert "viewerToken" not in address
    assert "viewerToken=" in text
    assert (mode, path.exists()) == (0o600, False)
    monkeypatch.setenv("SSH_CONNECTION", "there")
    serve(EXPORTS / "A-none", quiet=True)
    assert len(opened) == 1, "a browser over there is none that the person sees"
