"""Other anndatas than the environment's, each in a folder of its own with what it needs besides.

Run as a script it prints, for each that is not there, its folder and what `make anndatas` has to install into it.
"""

import sys
from pathlib import Path

# anndata 0.11 knows no zarr 3, and slices a backed matrix by what scipy no longer has.
NEEDS = {
    "0.11.4": (
        "anndata==0.11.4",
        "asciitree==1.0.0",
        "deprecated==1.3.1",
        "fasteners==0.20",
        "numcodecs==0.15.1",
        "scipy==1.15.3",
        "wrapt==2.5.2",
        "zarr==2.18.7",
    ),
}


def folder_of(version: str) -> Path:
    """Where an anndata lies beside the environment's own."""
    return Path(sys.prefix) / "anndatas" / f"anndata-{version}"


def is_installed(version: str) -> bool:
    return (folder_of(version) / "anndata").is_dir() and (folder_of(version) / "zarr").is_dir()


if __name__ == "__main__":
    for version, needs in NEEDS.items():
        if not is_installed(version):
            print(folder_of(version), *needs)
