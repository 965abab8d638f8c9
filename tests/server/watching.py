"""Collectors beside the server: what they are told, and that a bad one costs no answer."""
import gzip
import json
import os
import socket
import struct
import threading
import urllib.request

from client import ask_tcp, ask_udp, expect, logged
from server import Server

TAPPED = """.:{PORT} {
    dnstap unix://{DIR}/tap full {
        identity tester
    }
    forward . 127.0.0.1:{PORT2}
}
.:{PORT2} {
    hosts {
        192.0.2.1 web.example
    }
}
"""
TRACED = """.:{PORT} {
    trace 127.0.0.1:COLLECTOR {
        zipkin_max_batch_interval 300ms
    }
    errors
    forward . 127.0.0.1:{PORT2}
}
.:{PORT2} {
    hosts {
        192.0.2.1 web.example
    }
}
"""
PROFILED = """.:{PORT} {
    pprof 127.0.0.1:{PORT2}
    hosts {
        192.0.2.1 web.example
    }
}
"""
WEB = ("NOERROR", ["192.0.2.1"])
CONTENT_TYPE = b"protobuf:dnstap.Dnstap"
CLIENT_QUERY, CLIENT_RESPONSE, FORWARDER_QUERY, FORWARDER_RESPONSE = 5, 6, 7, 8


def fields(message):
    """Number and value of each field of a protobuf message."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            octet = message[at]
            at += 1
            value |= (octet & 127) << shift
            shift += 7
            if octet < 128:
                return value

    while at < len(message):
        tag = number()
        if tag & 7 == 0:
            value = number()
        else:
            size = {1: 8, 5: 4}.get(tag & 7) or number()
            value = message[at:at + size]
            at += size
        yield tag >> 3, value


class Collector:
    """A unix socket that speaks the reader's side of Frame Streams."""

    def __init__(self, path):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.settimeout(15)
        self._listener.bind(path)
        self._listener.listen()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def greet(self):
        self._socket, _ = self._listener.accept()
        self._socket.settimeout(15)
        self._file = self._socket.makefile("rb")
        expect(self._control(), 4, "READY")
        accept = struct.pack("!III", 1, 1, len(CONTENT_TYPE)) + CONTENT_TYPE
        self._socket.sendall(struct.pack("!II", 0, len(accept)) + accept)
        expect(self._control(), 2, "START")
        return self

    def _control(self):
        escape, size = struct.unpack("!II", self._file.read(8))
        expect(escape, 0, "escape of a control frame")
        return struct.unpack("!I", self._file.read(size)[:4])[0]

    def types(self, count):
        """The kinds of the next messages."""
        found = []
        for _ in range(count):
            size, = struct.unpack("!I", self._file.read(4))
            outer = dict(fields(self._file.read(size)))
            expect(outer[1], b"tester", "identity")
            found.append(dict(fields(outer[14]))[1])
        return found

    def close(self):
        self._file.close()
        self._socket.close()


def a_collector_hears_of_clients_and_upstreams(binary):
    with Server(binary, TAPPED) as server, Collector(os.path.join(server.folder, "tap")) as collector:
        server.listening()
        collector.greet()
        for ask in (ask_udp, ask_tcp):
            expect(ask(server, "web.example")[:2], WEB, "answer")
            expect(collector.types(4), [CLIENT_QUERY, FORWARDER_QUERY, FORWARDER_RESPONSE, CLIENT_RESPONSE], "messages")
        collector.close()
        collector.greet()  # it is found again
        expect(ask_udp(server, "web.example")[:2], WEB, "answer afterwards")
        expect(len(collector.types(4)), 4, "messages afterwards")


def a_collector_that_does_not_read_costs_no_answer(binary):
    with Server(binary, TAPPED) as server, Collector(os.path.join(server.folder, "tap")) as collector:
        server.listening()
        collector.greet()
        lost = []

        def ask():
            for _ in range(2500):
                if ask_udp(server, "web.example")[:2] != WEB:
                    lost.append(1)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect(len(lost), 0, "answers lost")
        logged(server, "Dropped dnstap messages")


def spans_of_a_query_reach_a_collector(binary):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(15)
        corefile = TRACED.replace("COLLECTOR", str(listener.getsockname()[1]))
        with Server(binary, corefile) as server:
            server.listening()
            expect(ask_udp(server, "web.example")[:2], WEB, "answer")
            connection, _ = listener.accept()
            connection.settimeout(15)
            with connection, connection.makefile("rb") as request:
                expect(request.readline().split()[:2], [b"POST", b"/api/v2/spans"], "request")
                size = 0
                for line in iter(request.readline, b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        size = int(line.split(b":")[1])
                spans = {span["name"]: span for span in json.loads(request.read(size))}
                connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
    expect(sorted(spans), ["connect", "errors", "forward", "servedns"], "spans")
    expect(spans["connect"]["parentId"], spans["forward"]["id"], "the plugin that asked")
    expect(spans["forward"]["parentId"], spans["errors"]["id"], "the plugin before it")
    expect(spans["servedns"]["tags"]["coredns.io/name"], "web.example.", "name")


def a_profile_under_load_names_its_workers(binary):
    with Server(binary, PROFILED) as server:
        server.listening()
        end = threading.Event()

        def ask():
            while not end.is_set():
                ask_udp(server, "web.example")

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            path = f"http://127.0.0.1:{server.ports['PORT2']}/debug/pprof/profile?seconds=2"
            with urllib.request.urlopen(path, timeout=20) as answer:
                profile = gzip.decompress(answer.read())
            expect(ask_udp(server, "web.example")[:2], WEB, "answer afterwards")
        finally:
            end.set()
            for thread in threads:
                thread.join()
        for text in (b"worker-", b"portolan::server::", b"nanoseconds"):
            expect(text in profile, True, f"{text} in the profile")


CASES = [a_collector_hears_of_clients_and_upstreams, a_collector_that_does_not_read_costs_no_answer,
         spans_of_a_query_reach_a_collector, a_profile_under_load_names_its_workers]
