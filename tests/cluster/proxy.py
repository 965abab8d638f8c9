"""A faulty proxy between the server and the API server: TLS on both sides, HTTP/1.1 in between, and every fault that a
test asks for. It runs on a thread of its own; its methods may be called from any thread."""
import asyncio
import contextlib
import os
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden"))

from ports import free_port  # noqa: E402

STATUS = '{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"reason":"%s","message":"%s"}'


class Refusal:
    """What the proxy says itself instead of asking the API server."""

    def __init__(self, code, reason, message="said by the proxy", retry_after=None):
        self.code = code
        body = (STATUS % (code, reason, message)).encode()
        head = f"HTTP/1.1 {code} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        head += f"Retry-After: {retry_after}\r\n" if retry_after is not None else ""
        self.wire = head.encode() + b"\r\n" + body


class FaultyProxy:
    """`refusal`: a function of the request's path to a Refusal or None; `refusal_of_head`: of all its header. `hold`:
    seconds before a list is answered. `delay`: seconds before each piece of a reply. `twice`: each piece of a watch
    comes twice, and once more with the piece before it. `break_after`: the reply ends, as if it were whole, in the
    middle of its piece of this number."""

    def __init__(self, cluster, client_ca=None):
        self.refusal, self.hold, self.delay, self.twice, self.break_after = None, 0, 0, False, None
        self.refusal_of_head = None
        self.requests = []  # (time, path)
        self.connections = 0  # accepted so far
        self.octets = 0  # of replies, passed on so far
        self._cluster, self._client_ca = cluster, client_ca
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self._open, self._silent, self._listener = set(), set(), None
        self._upstream = ssl.create_default_context(cafile=cluster.ca)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def __enter__(self):
        self.listen()
        return self

    def __exit__(self, *_):
        self.refuse()
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _end(self):
        while tasks := [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    # ------------------------------------------------------------------ faults
    def listen(self):
        """Takes connections (again)."""
        self._call(self._listen())

    def refuse(self):
        """Nobody listens, and all connections are reset."""
        self._call(self._close_listener())
        self.cut()

    def cut(self):
        """Resets the connections there are."""
        self._call(self._cut())

    def hush(self):
        """The connections there are stay and are acknowledged, but nothing passes any more."""
        self._silent |= self._open

    def trust(self, client_ca):
        """From now on only clients with a certificate of this authority may connect; the others are cut."""
        self.refuse()
        self._client_ca = client_ca
        self.listen()

    def paths(self, since=0.0):
        return [path for at, path in list(self.requests) if at >= since]

    # ------------------------------------------------------------------ its loop
    async def _listen(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._cluster.path("server.crt"), self._cluster.path("server.key"))
        if self._client_ca:
            context.load_verify_locations(self._client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=context, limit=1 << 20)

    async def _close_listener(self):
        if self._listener:
            self._listener.close()
            self._listener = None

    async def _cut(self):
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader, writer):
        self.connections += 1
        self._open.add(writer)
        upstream = None
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                self.requests.append((time.time(), path))
                if writer in self._silent:
                    await asyncio.sleep(3600)
                refusal = self.refusal(path) if self.refusal else None
                if self.refusal_of_head:
                    refusal = self.refusal_of_head(head)
                if refusal:
                    writer.write(refusal.wire)
                    await writer.drain()
                    continue
                if self.hold and ("watch=true" not in path or "sendInitialEvents" in path):
                    await asyncio.sleep(self.hold)
                if upstream is None:
                    upstream = await asyncio.open_connection("127.0.0.1", self._cluster.port, ssl=self._upstream,
                                                             limit=64 << 20)
                if self._client_ca:  # the certificate has said who it is
                    head = head[:-2] + f"Authorization: Bearer {self._cluster.token}\r\n\r\n".encode()
                upstream[1].write(head)
                await self._reply(upstream[0], reader, writer)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
            pass
        finally:
            self._open.discard(writer)
            for each in (writer, upstream[1] if upstream else None):
                if each:
                    each.transport.abort()

    async def _reply(self, upstream, reader, writer):
        """Passes one reply on, piece by piece; ends when the client goes."""
        head = await upstream.readuntil(b"\r\n\r\n")
        await self._pass(writer, head)
        lower = head.lower()
        if b"transfer-encoding: chunked" not in lower:
            length = int(lower.split(b"content-length: ")[1].split(b"\r\n")[0]) if b"content-length: " in lower else 0
            await self._pass(writer, await upstream.readexactly(length))
            return
        gone = asyncio.ensure_future(reader.read(1))
        before, number = b"", 0
        try:
            while True:
                next_piece = asyncio.ensure_future(self._piece(upstream))
                done, _ = await asyncio.wait({gone, next_piece}, return_when=asyncio.FIRST_COMPLETED)
                if gone in done:
                    next_piece.cancel()
                    raise ConnectionResetError
                piece, number = next_piece.result(), number + 1
                if self.break_after == number and len(piece) > 2:
                    await self._pass(writer, _chunk(piece[:len(piece) // 2]) + b"0\r\n\r\n")
                    raise ConnectionResetError
                wire = _chunk(piece)
                if self.twice and piece:
                    wire += wire + (_chunk(before) + wire if before else b"")
                before = piece
                await self._pass(writer, wire)
                if not piece:
                    return
        finally:
            if not gone.done():
                gone.cancel()
                with contextlib.suppress(asyncio.CancelledError, OSError):
                    await gone

    async def _piece(self, upstream):
        size = int((await upstream.readline()).split(b";")[0], 16)
        piece = await upstream.readexactly(size)
        await upstream.readexactly(2)
        return piece

    async def _pass(self, writer, data):
        if self.delay:
            await asyncio.sleep(self.delay)
        if writer in self._silent:
            await asyncio.sleep(3600)
        writer.write(data)
        self.octets += len(data)
        await writer.drain()


def _chunk(piece):
    return b"%x\r\n%s\r\n" % (len(piece), piece)
