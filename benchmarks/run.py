"""`make bench`: everything side by side, one run, one table on stdout, the numbers in build/bench.json."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from table import Row, render

ROOT = Path(__file__).resolve().parent.parent
BENCHES = ("genes", "exports", "opening", "starting", "server", "roads", "browser", "million")
PACKAGES = ("cellucid", "jupyter-scatter", "jupyterlab", "ipykernel", "anywidget", "numpy", "scipy")


def main() -> int:
    """Run the benches asked for; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small data, one repeat: whether it runs, not how fast")
    parser.add_argument("--only", nargs="+", choices=BENCHES, default=BENCHES, help="some of the benches")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json", help="where the numbers go")
    options = parser.parse_args()
    start = time.monotonic()
    load = os.getloadavg()[0]
    rows: list[Row] = []
    for name in options.only:
        # On stderr, as stdout is the table. A bench is imported when it runs: one of them needs a browser.
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        rows.extend(importlib.import_module(name).run(options.quick))
    about = {"cpus": os.cpu_count(), "load_before": round(load, 1), "python": platform.python_version()}
    about |= {name: installed(name) for name in PACKAGES}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"about": about, "rows": [row.as_json() for row in rows]}, indent=1) + "\n")
    print(render(rows))
    print(
        f"\nratio: cellucid / the other, of medians; in brackets the smallest and largest of one turn. "
        f"{os.cpu_count()} cores, load {load:.1f} before, {time.monotonic() - start:.0f} s."
    )
    if options.quick:
        print("A quick run: small data, one repeat. Its times say nothing.")
    return 0


def installed(package: str) -> str | None:
    """The version of a package, None where it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
