"""What the cases share: questions over TCP, metrics, the log, clients that ask steadily, and the usual Corefile."""
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cluster"))

from server import Failed, Server, build_query, eventually, expect, parse_msg, process  # noqa: E402,F401

# One name with one address; for everything else `hosts` has SERVFAIL.
PLAIN = """.:{PORT} {
    hosts {
        192.0.2.1 web.example
    }
    prometheus 127.0.0.1:{PORT2}
}
"""
WEB = ("NOERROR", ["192.0.2.1"])


class LeftOut(Exception):
    """This machine has not what the case needs."""


def question(name, kind="A", number=None):
    """A message; `number` is its id."""
    asked = {"qname": name, "qtype": kind}
    if number is not None:
        asked["msgid"] = number
    return build_query(asked)[0]


def framed(message):
    return struct.pack("!H", len(message)) + message


def result(message):
    """(rcode, sorted answer rdata)."""
    parsed = parse_msg(message)
    return parsed["rcode"], sorted(record.split(" ", 4)[4] for record in parsed["answer"])


def has_ipv6():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
            return True
        except OSError:
            return False


class Stream:
    """A TCP connection that knows of message boundaries."""

    def __init__(self, port, host="127.0.0.1", source=None, timeout=8.0, receive_buffer=None):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(timeout)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((host, port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *messages):
        self.socket.sendall(b"".join(framed(message) for message in messages))

    def _exactly(self, size):
        got = b""
        while len(got) < size:
            more = self.socket.recv(size - len(got))
            if not more:
                return None
            got += more
        return got

    def receive(self):
        """The next message, or None when the server has closed the connection."""
        prefix = self._exactly(2)
        return self._exactly(struct.unpack("!H", prefix)[0]) if prefix else None

    def ask(self, name, kind="A"):
        self.send(question(name, kind))
        message = self.receive()
        return result(message) if message else ("CLOSED", [])

    def closed_after(self, begin, most):
        """Seconds since `begin` at which the server closed; fails when it has not after `most`."""
        self.socket.settimeout(max(0.1, begin + most - time.time()))
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            pass
        except socket.timeout:
            raise Failed(f"the connection is still open after {most} s") from None
        return time.time() - begin


def ask_tcp(server, name, kind="A", host="127.0.0.1", source=None, port=None, timeout=5.0):
    """(rcode, sorted answer rdata) over a connection of its own; ("REFUSED CONNECTION" or "CLOSED", [])."""
    try:
        with Stream(port or server.port, host, source, timeout) as stream:
            return stream.ask(name, kind)
    except ConnectionRefusedError:
        return "REFUSED CONNECTION", []
    except OSError as error:
        return f"CLOSED {error}", []


def ask_udp(server, name, kind="A", host="127.0.0.1", port=None, timeout=3.0):
    """(rcode, sorted answer rdata, the address it came from)."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        s.sendto(question(name, kind), (host, port or server.port))
        try:
            message, peer = s.recvfrom(65535)
        except OSError:
            return "TIMEOUT", [], None
    return (*result(message), peer[0])


def metric(server, name, port="PORT2"):
    """The sum of a family's children; None when the endpoint does not answer or has it not."""
    status, body = server.http(port, "/metrics")
    found = re.findall(r"^%s(?:\{[^}]*\})? (\S+)$" % re.escape(name), body, re.M)
    return sum(map(float, found)) if status == 200 and found else None


def log_text(server):
    return process.log_text(server.folder)


def logged(server, text, seconds=5.0):
    """Waits for a part of a log line."""
    eventually(lambda: text in log_text(server), True, f"{text!r} in the log", seconds)


class SteadyTcp:
    """Asks over TCP all the time: half of the questions over one connection that stays, half over new ones."""

    def __init__(self, server, name, want):
        self.asked, self.wrong = 0, []
        self._server, self._name, self._want = server, name, want
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        with Stream(self._server.port) as kept:
            while not self._end.is_set():
                for ask in (lambda: kept.ask(self._name), lambda: ask_tcp(self._server, self._name)):
                    try:
                        got = ask()
                    except OSError as error:
                        got = str(error)
                    self.asked += 1
                    if got != self._want:
                        self.wrong.append(got)
                time.sleep(0.005)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(15)


class SlowUpstream:
    """A DNS server over UDP that answers every A question with one address, but only after answer()."""

    def __init__(self, address):
        self._rdata = socket.inet_aton(address)
        self._held = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        while True:
            try:
                packet, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            self._held.append((packet, peer))

    @property
    def waiting(self):
        """Different questions that wait; one may have been sent again, and health checks ask for the root."""
        return len({packet[12:packet.index(b"\0", 12)] for packet, _ in self._held} - {b""})

    @property
    def forward(self):
        """The directive that sends questions here."""
        return "forward . 127.0.0.1:%d {\n        prefer_udp\n        max_fails 0\n    }\n" % self.port

    def answer(self):
        for packet, peer in self._held:
            end = packet.index(b"\0", 12) + 5
            head = packet[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
            record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + self._rdata
            self.socket.sendto(head + packet[12:end] + record, peer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class Taken:
    """A port that somebody else holds, without SO_REUSEPORT."""

    def __init__(self, port, kind=socket.SOCK_STREAM):
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.bind(("0.0.0.0", port))
        if kind == socket.SOCK_STREAM:
            self.socket.listen()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def own_network(*commands):
    """A wrapper that runs the server in a network namespace of its own, after `commands`."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode != 0:
        raise LeftOut("no network namespaces")
    return ["unshare", "-n", "sh", "-c", " && ".join(["ip link set lo up", *commands, 'exec "$@"']), "sh"]


class NotStarted(Server):
    """Folder, Corefile and ports of a server that run_once() starts."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)


def run_once(server, *words, wrapper=(), timeout=20):
    """(exit status, standard output, standard error) of the binary with `words`, beside the server's Corefile."""
    done = subprocess.run([*wrapper, server.binary, *words], cwd=server.folder, capture_output=True, text=True,
                          timeout=timeout, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr
