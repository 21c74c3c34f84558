"""Answers every request after the latency, and with as many bytes, as its query asks for. Ends when its input ends.

Prints its host and port as one line when it answers. Standard library only, one request a connection, as many at once as come.
"""

import asyncio
import sys
from urllib.parse import parse_qs, urlsplit

_MOST_BYTES = 10_000_000
_MOST_LATENCY_S = 10.0
_MOST_HEAD = 16_384


async def main() -> None:
    """Serves until the input ends."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=1024, limit=_MOST_HEAD)
    host, port = server.sockets[0].getsockname()
    print(host, port, flush=True)  # noqa: T201 (it is how the supervisor learns the port)
    # Not `async with server`: from 3.12 on that would wait at its end for whoever keeps a connection open.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    server.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        query = parse_qs(urlsplit(head.split(b" ", 2)[1].decode("ascii")).query)
        latency = min(float(query.get("latency_ms", ["0"])[0]) / 1000, _MOST_LATENCY_S)
        size = max(min(int(query.get("bytes", ["0"])[0]), _MOST_BYTES), 0)
        if latency > 0:
            await asyncio.sleep(latency)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % size + b"x" * size)
        await writer.drain()
    except (OSError, ValueError, IndexError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # A measured program that was ended in the middle of a request is nothing that a server complains about.
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(main())
