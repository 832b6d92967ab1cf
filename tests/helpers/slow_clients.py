"""Clients that send a request slowly, and the latency of others at the same time."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

HEAD = b"POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
SECONDS_BETWEEN_BYTES = 1
SECONDS_BETWEEN_PROBES = 0.02
MAX_CONCURRENT_HANDSHAKES = 50
PROBE = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200"
Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


def measure_latency(
    port: int, certificate: Path, clients: int, probes: int
) -> list[float]:
    """Return the seconds of each probe, sorted, while slow clients send their body."""
    context = ssl.create_default_context(cafile=str(certificate))
    return asyncio.run(_measure(port, context, clients, probes))


async def _measure(
    port: int, context: ssl.SSLContext, clients: int, probes: int
) -> list[float]:
    handshakes = asyncio.Semaphore(MAX_CONCURRENT_HANDSHAKES)
    all_sending = asyncio.Barrier(clients + 1)
    slow = [
        asyncio.create_task(_send_slowly(connect, handshakes, all_sending))
        for connect in (_connector(port, context, n) for n in range(clients))
    ]
    await all_sending.wait()
    seconds = [await _probe(port, context) for _ in range(probes)]
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    return sorted(seconds)


def _connector(port: int, context: ssl.SSLContext, number: int) -> Connect:
    """Return a function that connects from one of 200 addresses.

    nginx limits the connections of an address.
    """
    return partial(
        asyncio.open_connection,
        "127.0.0.1",
        port,
        ssl=context,
        server_hostname="localhost",
        local_addr=(f"127.0.1.{number % 200 + 1}", 0),
    )


async def _send_slowly(
    connect: Connect, handshakes: asyncio.Semaphore, all_sending: asyncio.Barrier
) -> None:
    async with handshakes:
        _, writer = await connect()
    try:
        writer.write(HEAD)
        await all_sending.wait()
        while True:
            writer.write(b"x")
            await asyncio.sleep(SECONDS_BETWEEN_BYTES)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _probe(port: int, context: ssl.SSLContext) -> float:
    await asyncio.sleep(SECONDS_BETWEEN_PROBES)
    start = time.monotonic()
    reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
    writer.write(PROBE)
    response = await reader.read()
    writer.close()
    if not response.startswith(OK):
        raise RuntimeError(response.decode())
    return time.monotonic() - start
