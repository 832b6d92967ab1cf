"""Clients that send a byte now and then, and one that wants an answer meanwhile."""

import asyncio
import ssl
import time
from contextlib import suppress
from pathlib import Path

HEAD = b"POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
SECONDS_BETWEEN_BYTES = 1
SECONDS_BETWEEN_PROBES = 0.02
AT_ONCE = 50
PROBE = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
GOOD = b"HTTP/1.1 200"


def run(port: int, certificate: Path, number: int, probes: int) -> list[float]:
    """Return how long each probe took while so many slow clients were half through."""
    context = ssl.create_default_context(cafile=str(certificate))
    return asyncio.run(_probe(port, context, number, probes))


async def _probe(
    port: int, context: ssl.SSLContext, number: int, probes: int
) -> list[float]:
    gate = asyncio.Semaphore(AT_ONCE)
    half_through = asyncio.Barrier(number + 1)
    slow = [
        asyncio.create_task(_dawdle(port, context, gate, half_through))
        for _ in range(number)
    ]
    await half_through.wait()
    seconds = [await _ask(port, context) for _ in range(probes)]
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    return sorted(seconds)


async def _dawdle(
    port: int, context: ssl.SSLContext, gate: asyncio.Semaphore, half: asyncio.Barrier
) -> None:
    async with gate:
        _, writer = await asyncio.open_connection("localhost", port, ssl=context)
    try:
        writer.write(HEAD)
        await half.wait()
        while True:
            writer.write(b"x")
            await asyncio.sleep(SECONDS_BETWEEN_BYTES)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _ask(port: int, context: ssl.SSLContext) -> float:
    await asyncio.sleep(SECONDS_BETWEEN_PROBES)
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
    writer.write(PROBE)
    answer = await reader.read()
    writer.close()
    if not answer.startswith(GOOD):
        raise RuntimeError(answer.decode())
    return time.monotonic() - began
