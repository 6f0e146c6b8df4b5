"""A small closed-loop HTTP load generator on keep-alive connections, in a process of its own."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Result:
    """Answers, refusals and latencies of one run."""

    seconds: float = 0.0
    answered: int = 0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Latency in milliseconds below which ``share`` of the answers lie."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else float("nan")


def post(path: str, body: bytes, content_type: str = "text/xml", headers: str = "") -> bytes:
    """The bytes of one POST request."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + headers.encode() + b"\r\n" + body


async def _client(host: str, port: int, requests: Iterator[bytes], until: float, result: Result) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        while time.perf_counter() < until:
            request = next(requests, None)
            if request is None:
                return
            begun = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            lower = head.lower()
            at = lower.find(b"content-length:")
            length = int(lower[at + 15 : lower.find(b"\r\n", at)]) if at >= 0 else 0
            if length:
                await reader.readexactly(length)
            result.latencies.append(time.perf_counter() - begun)
            if head[9:12] == b"200":
                result.answered += 1
            else:
                result.refused += 1
    finally:
        writer.close()


async def drive(host: str, port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Result:
    """Keep ``connections`` busy for ``seconds`` or until the requests are used up."""
    result = Result()
    begun = time.perf_counter()
    clients = (_client(host, port, requests, begun + seconds, result) for _ in range(connections))
    await asyncio.gather(*clients)
    result.seconds = time.perf_counter() - begun
    return result


def median(values: list[float]) -> float:
    """The median of the rounds."""
    return statistics.median(values)
