"""The command line: ``cellucid serve``, ``cellucid prepare``, ``cellucid info``, ``cellucid page``."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from cellucid.dataset import Dataset, open_dataset
from cellucid.dataset.folder import find_exports, is_export
from cellucid.dataset.manifest import package_version
from cellucid.export import prepare
from cellucid.export.page import not_listed, write_page

_SHOWN = 12
_WHAT = "an .h5ad file, a .zarr store, an export folder or a folder of several"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the command's name; the process' own by default.

    Returns:
        The exit status: 0, or 1 for an error, of which one line on stderr tells, or 130 after Ctrl+C. For wrong usage
        argparse ends the process with 2.
    """
    parser = _parser()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and _is_data(given[0]):
        parser.error(f"{given[0]!r} is no command; to look at it: cellucid serve {shlex.quote(given[0])}")
    options = parser.parse_args(given)
    if options.run is None:
        parser.print_help()
        return 0
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # type: ignore[assignment]  # it takes what is given
            options.run(options)
    except KeyboardInterrupt:
        print("cellucid: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our output has read enough
        sys.stderr.close()
        return 1
    except (OSError, TypeError, ValueError, ImportError, MemoryError) as error:
        print(f"cellucid: {_one_line(error)}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cellucid",
        description="Look at single cells, and freeze them into folders.",
        epilog="Begin with: cellucid serve data.h5ad",
    )
    parser.add_argument("-V", "--version", action="version", version=f"cellucid {package_version()}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    look = commands.add_parser("serve", help="look at data in a browser", description=_serve.__doc__)
    look.add_argument("path", metavar="PATH", help=_WHAT)
    look.add_argument("--dataset", metavar="ID", help="which of a folder of several")
    look.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on; 0.0.0.0 lets others on the network in"
    )
    look.add_argument("--port", type=_port, help="the port to listen on; by default one that is free")
    look.add_argument(
        "--allowed-host", metavar="NAME", action="append", default=[], help="a name that leads here; repeat for several"
    )
    look.add_argument("--no-browser", action="store_true", help="only print the address")
    look.add_argument("-q", "--quiet", action="store_true", help="print the viewer's address alone")
    look.add_argument("-v", "--verbose", action="store_true", help="show the log on stderr")
    look.set_defaults(run=_serve)

    freeze = commands.add_parser("prepare", help="freeze data into an export folder", description=_prepare.__doc__)
    freeze.add_argument("data", metavar="IN", help=_WHAT)
    freeze.add_argument("out_dir", metavar="OUT_DIR", help="the folder to make")
    freeze.add_argument("--dataset", metavar="ID", help="which of a folder of several")
    freeze.add_argument("--embedding", metavar="KEY", action="append", help="an obsm key; repeat for several")
    freeze.add_argument("--obs", metavar="COLUMN", action="append", help="an obs column; repeat for several")
    freeze.add_argument("--gene", metavar="NAME", action="append", help="a gene; repeat for several")
    freeze.add_argument("--genes", metavar="FILE", type=Path, help="a text file with the name of one gene a line")
    freeze.add_argument("--no-genes", action="store_true", help="export no genes")
    freeze.add_argument("--layer", help='where genes come from: "X", "raw" or a layer; by default raw, else X')
    freeze.add_argument("--latent-key", metavar="KEY", help="the obsm key of the space in which outliers are found")
    freeze.add_argument("--var-quantization", type=int, choices=(8, 16), metavar="BITS", help="8 or 16 for genes")
    freeze.add_argument(
        "--obs-quantization", type=int, choices=(8, 16), metavar="BITS", help="8 or 16 for numbers in obs"
    )
    freeze.add_argument("--compression", type=int, choices=range(1, 10), metavar="LEVEL", help="gzip, 1 to 9")
    freeze.add_argument("--id", dest="dataset_id", help="what sessions and lists name the dataset by")
    freeze.add_argument("--name", dest="dataset_name", help="what people call it")
    freeze.add_argument("--description", default="", help="what is in it")
    freeze.add_argument("--created-at", metavar="TIME", help="such as 2026-01-31T12:00:00Z; makes runs reproducible")
    freeze.add_argument("-f", "--force", action="store_true", help="replace an export that is there")
    freeze.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")
    freeze.set_defaults(run=_prepare, wrong_usage=freeze.error)

    info = commands.add_parser("info", help="tell what is in a file or folder", description=_info.__doc__)
    info.add_argument("path", metavar="PATH", help=_WHAT)
    info.add_argument("--dataset", metavar="ID", help="which of a folder of several")
    info.set_defaults(run=_info)

    page = commands.add_parser("page", help="write the viewer that needs no Python", description=_page.__doc__)
    page.add_argument("out_dir", metavar="OUT_DIR", help="the folder that holds the exports, or an empty or a new one")
    page.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")
    page.set_defaults(run=_page)
    return parser


def _serve(options: argparse.Namespace) -> None:
    """Show a file or folder in a browser, until Ctrl+C."""
    from cellucid.show import serve  # with all that a widget needs

    serve(
        options.path,
        dataset=options.dataset,
        host=options.host,
        port=options.port,
        allowed_hosts=options.allowed_host,
        open_browser=not options.no_browser,
        quiet=options.quiet,
        verbose=options.verbose,
    )


def _prepare(options: argparse.Namespace) -> None:
    """Freeze data into an export folder, for any static host, for cellucid and for Cellucid's own package."""
    if options.no_genes:
        for option, value in (("--gene", options.gene), ("--genes", options.genes), ("--layer", options.layer)):
            if value is not None:
                options.wrong_usage(f"{option} says which genes to export, and --no-genes that there are none")
    genes: list[str] | None = options.gene
    if options.genes is not None:
        listed = options.genes.read_text(encoding="utf-8").splitlines()
        genes = [*(genes or []), *(line.strip() for line in listed if line.strip())]
    folder = prepare(
        options.data,
        options.out_dir,
        dataset=options.dataset,
        embeddings=options.embedding,
        obs_keys=options.obs,
        genes=[] if options.no_genes else genes,
        layer=options.layer,
        latent_key=options.latent_key,
        var_quantization=options.var_quantization,
        obs_continuous_quantization=options.obs_quantization,
        compression=options.compression,
        dataset_id=options.dataset_id,
        dataset_name=options.dataset_name,
        dataset_description=options.description,
        created_at=options.created_at,
        force=options.force,
        progress=not options.quiet,
    )
    if not options.quiet:
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        print(f"{folder}: {size / 1e6:,.1f} MB")
        print(f"look at it with: cellucid serve {shlex.quote(str(folder))}")


def _info(options: argparse.Namespace) -> None:
    """Tell what is in a file or folder: cells, genes, embeddings, obs columns."""
    path = Path(os.path.expanduser(options.path))
    if options.dataset is None and is_export(path) and len(found := find_exports(path)) > 1:
        print(f"{len(found)} datasets; tell more of one with --dataset ID")
        for one in found:
            print(f"  {one.key}: {one.name}" + (f", in {one.place}" if one.place != one.key else ""))
        return
    with open_dataset(options.path, dataset=options.dataset) as dataset:
        for line in _describe(dataset):
            print(line)


def _page(options: argparse.Namespace) -> None:
    """Write the viewer as a page for any web server, beside exports or alone; it opens folders of a disk as well."""
    page = write_page(options.out_dir)
    for name in not_listed(page.parent):
        print(
            f"cellucid: datasets.json does not list {name!r}, which the page will not show; remove datasets.json to "
            "have all exports listed",
            file=sys.stderr,
        )
    if not options.quiet:
        print(f"{page}: {page.stat().st_size / 1e6:,.1f} MB")
        print(f"look at it with: python -m http.server -b 127.0.0.1 -d {shlex.quote(str(page.parent))}")


def _describe(dataset: Dataset) -> list[str]:
    embeddings = [dataset.embedding(key) for key in dataset.embeddings]
    categorical = [field for field in dataset.fields if field.kind == "categorical"]
    continuous = [field.key for field in dataset.fields if field.kind == "continuous"]
    layers = ", ".join(f"{name} (shown)" if name == dataset.default_layer else name for name in dataset.layers)
    unplaced = [
        f"{one.key}: {dataset.n_cells - one.n_placed:,}" for one in embeddings if one.n_placed < dataset.n_cells
    ]
    lines = {
        "name": dataset.name,
        "id": dataset.id,
        "stored as": dataset.storage,
        "cells": f"{dataset.n_cells:,}" + ("" if dataset.has_cell_names else ", without names"),
        "genes": f"{dataset.n_genes:,}" + (f"; matrices: {layers}" if layers else ""),
        "embeddings": ", ".join(f"{one.key} ({one.dimensions}D)" for one in embeddings),
        "not placed": ", ".join(unplaced),
        "categories": _first([f"{field.key} ({field.n_categories:,})" for field in categorical]),
        "numbers": _first(continuous),
    }
    return [f"{what + ':':12} {value}" for what, value in lines.items() if value]


def _first(values: Sequence[str]) -> str:
    return ", ".join(values[:_SHOWN]) + (f" and {len(values) - _SHOWN:,} more" if len(values) > _SHOWN else "")


def _one_line(error: BaseException) -> str:
    said = str(error)
    if isinstance(error, OSError) and error.strerror:  # without the system's number
        said = error.strerror if error.filename is None else f"{error.filename!r}: {error.strerror}"
    return " ".join(said.split()) or type(error).__name__


def _is_data(word: str) -> bool:
    """Whether a word that stands where a command is due is what somebody wants to look at."""
    return Path(word).suffix in (".h5ad", ".zarr") or (os.sep in word and Path(word).exists())


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; expected 1 to 65535, or 0 for one that is free")
    return int(text)


def _show_warning(message: Warning | str, category: type[Warning], *_: object) -> None:
    if issubclass(category, UserWarning):
        print(f"cellucid: {' '.join(str(message).split())}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
