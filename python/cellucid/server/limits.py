"""What a connection may send, and how long it may stand still: nobody holds up, or fills, the process of a person.

Time is counted in ticks of the server's own watch, so that time in which Python itself stood still, say in code that
holds the interpreter, is nobody's fault. It is counted while nothing moves, never in total: a lasso goes up a slow
link, and a gene down, for as long as it takes.
"""

from __future__ import annotations

MAX_CONNECTIONS = 256
"""At a time. The oldest that waits for nothing makes room for a new one, rather one that has not shown the token."""

MAX_PIPELINED = 16
"""Requests of one connection that wait for the answer to an earlier one; browsers send none."""

MAX_URL = 16 * 1024
MAX_HEADERS = 128
MAX_HEAD = 64 * 1024
"""Bytes before the body. Through Jupyter's proxy a request carries Jupyter's cookies."""

MAX_BODY = 16 * 1024 * 1024
"""Bytes of a body: a selection among a hundred million cells."""

FRAMING = 8
"""Bytes around each byte of a body; its last chunk in chunks of one byte has six."""

TICK = 5.0
"""Seconds between two looks at all connections."""

HEAD_TICKS = 4
"""In which a head must be there, from the connection or from its first byte on."""

IDLE_TICKS = 6
"""In which something must be asked for again."""

BODY_TICKS = 4
BODY_BYTES = 8 * 1024
"""A body must bring so many bytes in so many ticks: 400 a second."""

UNREAD_TICKS = 12
"""In which a client must take something of its answer. It has the next part already: a busy page may read late."""

LINGER_TICKS = 1
"""In which a refused client may go on sending, so that it reads why before the connection is gone."""
