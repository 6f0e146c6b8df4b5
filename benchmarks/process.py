"""Servers under test: a process on a free port, its CPU time and memory."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Server:
    """``with Server([...], port) as server``: started, answering, and ended at the end."""

    def __init__(self, command: list[str], port: int, environment: dict[str, str] | None = None) -> None:
        self.command = command
        self.port = port
        self._environment = {**os.environ, **(environment or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        self.process = subprocess.Popen(
            self.command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError(f"did not start: {' '.join(self.command)}")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _tree(self) -> list[int]:
        assert self.process is not None
        pids, found = [self.process.pid], []
        while pids:
            pid = pids.pop()
            found.append(pid)
            children = Path(f"/proc/{pid}/task/{pid}/children")
            if children.exists():
                pids += [int(child) for child in children.read_text().split()]
        return found

    def cpu_seconds(self) -> float:
        """User and system time of the process and its children so far."""
        ticks = 0
        for pid in self._tree():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        """Resident memory of the process and its children."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self._tree())
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def granian(target: str, port: int, environment: dict[str, str]) -> Server:
    """A WSGI peer under granian with 8 threads, the best server that was found for it."""
    program = str(Path(sys.executable).with_name("granian"))
    command = [program, "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    return Server([*command, "--blocking-threads", "8", "--no-ws", target], port, environment)


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder for one server's data."""
    return tempfile.TemporaryDirectory(prefix="guanjia-bench-")
