"""Writes the README's table of hosts from what the tests left in build/hosts; run as a script it does so."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from hosts.journey import VISITS, Host, Visit

README = Path(__file__).parents[2] / "README.md"
BEGIN = "<!-- hosts: written by `make test-all` -->"
END = "<!-- end of hosts -->"

HOSTS = (
    "JupyterLab",
    "JupyterLab below a base URL",
    "JupyterLab behind SSH, 50 ms and 2 MB/s",
    "JupyterHub over https",
    "JupyterHub over https, no proxy extension",
    "Notebook 7",
    "marimo",
    "VS Code's widget manager",
    "Sandboxed page by VS Code's rules",
    "Colab's rules",
)
"""The rows that are there also where a host was not visited; what was visited besides comes after them."""


def read_visits(folder: Path) -> list[Visit]:
    """What the tests have left in a folder."""
    found = [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]
    return [Visit(Host(**visit["host"]), visit["transport"], visit["moved"]) for visit in found]


def table(visits: Iterable[Visit]) -> str:
    """The table in Markdown: a row for each of `HOSTS`, empty where it was not visited, and for each visit besides."""
    by_name = {visit.host.name: visit for visit in visits}
    lines = ["| host | ran | version | data came by | bytes |", "|---|---|---|---|---:|"]
    for name in (*HOSTS, *(name for name in by_name if name not in HOSTS)):
        cells = row(by_name[name]) if name in by_name else ("",) * 4
        lines.append(f"| {' | '.join((name, *cells))} |".replace("  ", " "))
    return "\n".join(lines)


def row(visit: Visit) -> tuple[str, str, str, str]:
    """The cells of a visit, besides the host's name."""
    host = visit.host
    carried = visit.moved.get(visit.transport, 0)
    return "real" if host.real else "simulated", host.version, f"`{visit.transport}`", f"{carried:,}"


def write(table: str, file: Path) -> None:
    """Put a table between the two marks of a file.

    Raises:
        ValueError: the marks are not there, once each and in order.
    """
    text = file.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{file.name} does not have {BEGIN} and, after it, {END}, once each")
    file.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")


if __name__ == "__main__":
    visits = read_visits(VISITS)
    if not visits:
        sys.exit(f"error: no test has left a visit in {VISITS}: run `make test-all`")
    write(table(visits), README)
    print(f"{README.name}: {len(visits)} hosts")
