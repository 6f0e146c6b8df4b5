"""HTTP at the socket: uvicorn's protocol with a bound on what comes before the body."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 64 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """Answers 400 to a request line and headers that are still not complete after 64 KB; nobody else bounds them."""

    _is_head = True
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take what came, and refuse a head that only grows."""
        if self._is_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_head and self._head_bytes > HEAD_LIMIT and not self.transport.is_closing():
            self.send_400_response("The headers are too long.")

    def on_headers_complete(self) -> None:
        """The head has ended."""
        self._is_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next request on the connection may begin."""
        self._is_head, self._head_bytes = True, 0
        super().on_message_complete()
