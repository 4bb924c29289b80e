"""What a person installs: a wheel and an sdist with the viewer inside, neither of which needs Node."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUNDLE = "cellucid/static/widget.js"
PAGE = "cellucid/static/page.js"
SITE = "cellucid/static/site.js"

pytestmark = pytest.mark.packaging


def hatchling(target: str, source: Path, out: Path, path: str | None = None) -> Path:
    """Builds one target with the running interpreter and returns the one file it made."""
    environment = os.environ if path is None else {**os.environ, "PATH": path}
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = (file for file in out.iterdir() if file.suffix == (".whl" if target == "wheel" else ".gz"))
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    if not (ROOT / "python" / BUNDLE).is_file():
        pytest.fail("the viewer is not built: run `make build` first", pytrace=False)
    return hatchling("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory, sdist):
    return hatchling("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def unpacked(sdist, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    return folder


@pytest.fixture
def no_node(tmp_path_factory):
    """A PATH on which there is no program at all."""
    return str(tmp_path_factory.mktemp("empty"))


def test_the_wheel_has_the_package_the_viewer_and_the_types(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {"cellucid/__init__.py", "cellucid/py.typed", BUNDLE, PAGE, SITE} <= set(names)
    others = [name for name in names if not name.startswith("cellucid")]
    assert others == []
    assert [name for name in names if "__pycache__" in name or "node_modules" in name] == []


def test_the_viewer_in_the_wheel_is_the_built_one_and_small(wheel):
    viewer = zipfile.ZipFile(wheel).read(BUNDLE)
    assert viewer == (ROOT / "python" / BUNDLE).read_bytes()
    assert 1_000 < len(viewer) <= 500_000


def test_the_wheel_alone_writes_the_page_without_python(wheel, no_node, tmp_path):
    archive = zipfile.ZipFile(wheel)
    archive.extractall(tmp_path / "installed")
    done = subprocess.run(
        [sys.executable, "-m", "cellucid.cli", "page", "site"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "installed"), "PATH": no_node},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert archive.read(SITE).decode() in (tmp_path / "site/index.html").read_text(encoding="utf-8")


def test_the_sdist_has_what_builds_it_and_nothing_installed(unpacked):
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert {
        "PKG-INFO",
        "pyproject.toml",
        "hatch_build.py",
        "LICENSE",
        "README.md",
        "package.json",
        "package-lock.json",
        "js/build.mjs",
        "js/src/index.ts",
        "tests/test_packaging.py",
        "python/cellucid/py.typed",
        f"python/{BUNDLE}",
    } <= names
    unwanted = {"node_modules", "__pycache__", ".venv", "build", "dist", ".git"}
    assert [name for name in names if unwanted & set(name.split("/"))] == []


def test_a_wheel_of_the_sdist_needs_no_node(unpacked, wheel, no_node, tmp_path_factory):
    again = hatchling("wheel", unpacked, tmp_path_factory.mktemp("again"), path=no_node)
    contents = [
        {name: archive.read(name) for name in archive.namelist()} for archive in map(zipfile.ZipFile, (wheel, again))
    ]
    assert contents[0] == contents[1]


def test_an_sdist_without_the_viewer_does_not_build(unpacked, no_node):
    (unpacked / "python" / BUNDLE).unlink()
    with pytest.raises(AssertionError, match="Take a complete sdist or a wheel"):
        hatchling("wheel", unpacked, unpacked / "out", path=no_node)


# ---- the build hook in a checkout ----


@pytest.fixture(scope="module")
def hook():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path):
    """The files that decide whether the viewer must be built, the bundle being the youngest."""
    for age, name in enumerate(
        (
            f"python/{BUNDLE}",
            "js/src/scene/scene.ts",
            "js/build.mjs",
            "js/tsconfig.json",
            "package.json",
            "package-lock.json",
        )
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    return tmp_path


def test_a_current_viewer_is_not_built_again(hook, checkout):
    assert not hook.is_stale(checkout)


@pytest.mark.parametrize("name", ["js/src/scene/scene.ts", "package-lock.json", "js/build.mjs"])
def test_a_viewer_older_than_what_it_is_made_of_is_stale(hook, checkout, name):
    os.utime(checkout / name, (1_000_001, 1_000_001))
    assert hook.is_stale(checkout)


def test_a_missing_viewer_is_stale(hook, checkout):
    (checkout / "python" / BUNDLE).unlink()
    assert hook.is_stale(checkout)


def test_without_npm_the_error_says_what_to_install_and_run(hook, checkout, no_node, monkeypatch):
    monkeypatch.setenv("PATH", no_node)
    with pytest.raises(RuntimeError, match=r"Node 20.*`npm ci && npm run build`"):
        hook.build_front_end(checkout)


def test_a_failing_npm_is_named(hook, checkout):
    if shutil.which("npm") is None:
        pytest.fail("npm is not on PATH; the viewer is built with it", pytrace=False)
    # The lock file is empty: npm itself refuses.
    with pytest.raises(RuntimeError, match="`npm ci` failed with code"):
        hook.build_front_end(checkout)
