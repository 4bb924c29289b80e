"""Look at cells in a notebook, and have what you select in Python."""

import sys
from importlib.metadata import version

try:
    from cellucid.dataset import open_dataset
    from cellucid.export import generate_datasets_manifest, prepare
    from cellucid.servers import AnnDataServer, CellucidServer
    from cellucid.show import serve, serve_anndata, show, show_anndata
    from cellucid.widget import CellucidWidget
except KeyboardInterrupt:
    # These take seconds. Of the command, which begins with them, Ctrl+C ends with a word and not with a traceback.
    if "cellucid.cli" not in sys.orig_argv and not sys.argv[0].endswith(("/cellucid", "\\cellucid.exe")):
        raise
    print("cellucid: interrupted", file=sys.stderr)
    raise SystemExit(130) from None

__all__ = [
    "AnnDataServer",
    "CellucidServer",
    "CellucidWidget",
    "__version__",
    "generate_datasets_manifest",
    "open_dataset",
    "prepare",
    "serve",
    "serve_anndata",
    "show",
    "show_anndata",
]
__version__ = version("cellucid")
