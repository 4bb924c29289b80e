"""Errors as they may be told and logged: without the paths of files, which say who and where the data are."""

from __future__ import annotations

import re
from pathlib import PurePath
from traceback import extract_tb

_ROOT = r"(?:file:/{2,3})?(?:[A-Za-z]:[\\/]|\\\\|~?/)"
# What `repr` and most messages quote is taken whole, blanks included.
_QUOTED = re.compile(rf"""(?P<quote>["'`])(?P<path>{_ROOT}[^\n]*?)(?P=quote)""")
# Elsewhere a path ends at a blank and has two parts at least; `obs/leiden`, `CD4/CD8` and `http://host/` are none.
_BARE = re.compile(rf"""(?<![\w.%/\\)\]~+-])(?<!:/)(?P<path>{_ROOT}[^\s/\\"'`:][^\s/\\"'`]*[/\\][^\s"'`]*)""")
_SEPARATOR = re.compile(r"[\\/]")


class CutShort(Exception):
    """An answer ends before its end. Its reader asks for the rest, and is told the reason there."""


def without_paths(text: str) -> str:
    """The text with every absolute path cut down to its last part. One with blanks is only known by its quotes."""
    quoted = _QUOTED.sub(lambda found: found["quote"] + _last_part(found["path"]) + found["quote"], text)
    return _BARE.sub(lambda found: _last_part(found["path"]), quoted)


def report(error: BaseException) -> str:
    """What a log says about an error: where it came from, what it is, and what caused it."""
    lines = [
        f"  {'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno} in {frame.name}"
        for frame in extract_tb(error.__traceback__)
    ]
    told = [*lines, f"{type(error).__name__}: {without_paths(str(error))}"]
    if error.__cause__ is not None:
        told += ["caused by", report(error.__cause__)]
    return "\n".join(told)


def _last_part(path: str) -> str:
    parts = [part for part in _SEPARATOR.split(path) if part]
    return f"…/{parts[-1]}" if parts else path
