"""Finds the system's Chromium, or installs Debian's; run as a script it prints the path.

Playwright is used without its own browser: a download of a prebuilt browser fails on closed networks, and the
distribution's Chromium is the one that users have.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    # A container has no user namespaces for Chromium's sandbox; only our own loopback pages are opened.
    "--no-sandbox",
    # Software WebGL2, the same pixels on every machine.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    # The page itself is painted without GL: in software that takes half of a test's time.
    "--disable-gpu-compositing",
    "--disable-gpu-rasterization",
    # No traffic of its own: on a closed network every refused connection costs time.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class ChromiumMissing(RuntimeError):
    """No Chromium was found, and none could be installed; the message says what to do."""


def find_chromium(environ: Mapping[str, str] = os.environ) -> str | None:
    """The path of a Chromium: `$CHROMIUM`, else the first known name on `$PATH`, else None.

    Raises:
        ChromiumMissing: `$CHROMIUM` is set but names nothing that can be run.
    """
    if named := environ.get("CHROMIUM"):
        path = shutil.which(named, path=environ.get("PATH"))
        if path is None:
            raise ChromiumMissing(f"CHROMIUM={named!r} is not a program; give the path of a Chromium or unset it.")
        return path
    found = (shutil.which(name, path=environ.get("PATH")) for name in NAMES)
    return next((path for path in found if path), None)


def require_chromium() -> str:
    """The path of a Chromium that is already there.

    Raises:
        ChromiumMissing: There is none.
    """
    path = find_chromium()
    if path is None:
        raise ChromiumMissing(
            f"no Chromium found: $CHROMIUM is not set and none of {', '.join(NAMES)} is on PATH. "
            "`make ui-test` installs one on Debian and Ubuntu; elsewhere install Chromium and set CHROMIUM to its path."
        )
    return path


def ensure_chromium() -> str:
    """The path of a Chromium, installed with apt-get where there is none.

    Raises:
        ChromiumMissing: apt-get is not there, may not be used, or failed.
    """
    path = find_chromium()
    if path is not None:
        return path
    apt = shutil.which("apt-get")
    if apt is None:
        return require_chromium()
    # -n: a make target must fail with a reason, not wait for a password that nobody sees being asked.
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and shutil.which("sudo") is None:
        raise ChromiumMissing("no Chromium found, and apt-get needs root: run `apt-get install chromium` as root.")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        command = [*prefix, apt, "-qq", *arguments]
        print(f"no Chromium found: {' '.join(command)}", file=sys.stderr, flush=True)
        # apt's chatter goes to stderr, since stdout is the path that the caller reads.
        if code := subprocess.run(command, env=environment, stdout=sys.stderr, check=False).returncode:
            raise ChromiumMissing(
                f"no Chromium found, and `{' '.join(command)}` failed with code {code} (its message is above). "
                "Install Chromium yourself and set CHROMIUM to its path."
            )
    return require_chromium()


def launch(playwright: "Playwright", **options: Any) -> "Browser":
    """Starts the system's Chromium headless with software WebGL2.

    Args:
        playwright: What `sync_playwright()` gives.
        options: Further options of playwright's `chromium.launch`; `args` are added to ours.
    """
    arguments = [*FLAGS, *options.pop("args", ())]
    return playwright.chromium.launch(**{"executable_path": require_chromium(), "args": arguments, **options})


if __name__ == "__main__":
    try:
        print(ensure_chromium())
    except ChromiumMissing as error:
        sys.exit(f"error: {error}")
