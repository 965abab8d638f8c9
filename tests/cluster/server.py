"""A server under test in front of a cluster: started with a Corefile as a user would, asked with dig and kdig."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "golden"))

import process  # noqa: E402
from message import build_query, parse_msg  # noqa: E402
from ports import free_port  # noqa: E402


class Failed(Exception):
    """A case's finding."""


def expect(got, want, what):
    if got != want:
        raise Failed(f"{what}: expected {want!r}, got {got!r}")


def eventually(ask, want, what, seconds=10.0):
    """Asks until the answer is `want`; how long that took."""
    begin, got = time.time(), None
    while time.time() - begin < seconds:
        got = ask()
        if got == want:
            return time.time() - begin
        time.sleep(0.03)
    raise Failed(f"{what}: expected {want!r} within {seconds} s, last {got!r}")


class Server:
    """`corefile` may hold {PORT}, {PORT2}.. and {DIR}; `files` are written beside it."""

    def __init__(self, binary, corefile, files=None, wrapper=(), env=None):
        self.folder = tempfile.mkdtemp(prefix="portolan-case-")
        self.binary, self._wrapper, self._env = binary, list(wrapper), env
        self.ports = {name: free_port() for name in ("PORT", "PORT2", "PORT3", "PORT4")}
        self.port = self.ports["PORT"]
        for name, text in (files or {}).items():
            with open(os.path.join(self.folder, name), "w") as target:
                target.write(self._filled(text))
        self.write_corefile(corefile)

    def _filled(self, text):
        for name, port in self.ports.items():
            text = text.replace("{%s}" % name, str(port))
        return text.replace("{DIR}", self.folder)

    def write_corefile(self, corefile):
        path = os.path.join(self.folder, "Corefile")
        with open(path + ".new", "w") as target:
            target.write(self._filled(corefile))
        os.replace(path + ".new", path)

    def __enter__(self):
        command = self._wrapper + [self.binary, "-conf", os.path.join(self.folder, "Corefile")]
        env = {**os.environ, **(self._env or {})}
        self.process = process.start([self._filled(word) for word in command], self.folder, "server.log", env)
        return self

    def __exit__(self, kind, error, _):
        process.stop(self.process, 10)
        log = process.log_text(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        report = process.sanitizer_report(log)
        if report:
            raise Failed(report)
        if kind is Failed:
            raise Failed(f"{error}\n  log: {log[-1200:].strip()}") from error

    def listening(self, seconds=15.0):
        """Waits until the TCP socket takes connections."""
        def connects():
            if self.process.poll() is not None:
                raise Failed(f"the server ended with {self.process.returncode}")
            with socket.socket() as probe:
                probe.settimeout(1)
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        eventually(connects, True, "listening", seconds)
        return self

    def signal(self, number):
        os.kill(self.process.pid, number)

    def dig(self, name, kind="A", program="dig", words=()):
        """(status, sorted answer rdata) as dig or kdig print them; ("TIMEOUT", []) when nothing comes."""
        command = [program, "@127.0.0.1", "-p", str(self.port), "+time=2", "+retry=0"]
        command += [*words, name, kind]
        printed = subprocess.run(command, capture_output=True, text=True, timeout=20).stdout
        status, records = "TIMEOUT", []
        for line in printed.splitlines():
            if "status: " in line:
                status = line.split("status: ")[1].split(";")[0].split(",")[0]
            elif line and not line.startswith(";"):
                fields = line.split(None, 4)
                if len(fields) == 5 and fields[3] in (kind, "CNAME"):
                    records.append(fields[4])
        return status, sorted(records)

    def ask(self, name, kind="A", timeout=2.0):
        """(rcode, sorted answer rdata) over one UDP packet; for what must be asked often or fast."""
        wire, _, _ = build_query({"qname": name, "qtype": kind})
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(timeout)
            try:
                s.sendto(wire, ("127.0.0.1", self.port))
                message = parse_msg(s.recv(65535))
            except OSError:
                return "TIMEOUT", []
        return message["rcode"], sorted(record.split(" ", 4)[4] for record in message["answer"])

    def http(self, port, path):
        """(status, body); status 0 when nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[port]}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""


class Asking:
    """Asks one question over and over from a thread, each over a socket of its own, and counts what came back."""

    def __init__(self, server, name, want, rate=300):
        self.asked, self.wrong = 0, []
        self._server, self._name, self._want, self._pause = server, name, want, 1 / rate
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._end.is_set():
            got = self._server.ask(self._name, timeout=3)
            self.asked += 1
            if got != self._want:
                self.wrong.append(got)
            time.sleep(self._pause)

    def more(self, count):
        """Waits until `count` more questions have been answered."""
        goal = self.asked + count
        eventually(lambda: self.asked >= goal, True, f"{count} more questions", 20)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(10)


class Upstream:
    """A DNS server of one line: answers every A question with one address, or only those below `zone`; others do not
    exist."""

    def __init__(self, address, zone=None):
        self.port, self._address = free_port(), address
        self._tail = b"" if zone is None else b"".join(
            bytes([len(label)]) + label for label in zone.encode().split(b".")) + b"\0"
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        rdata = socket.inet_aton(self._address)
        while True:
            try:
                packet, peer = self._socket.recvfrom(4096)
            except OSError:
                return
            end = packet.index(b"\0", 12) + 5
            known = packet[12:end - 4].lower().endswith(self._tail)
            answers = 1 if known and packet[end - 4:end - 2] == b"\0\1" else 0
            head = packet[:2] + (b"\x81\x80" if known else b"\x81\x83") + b"\0\1\0" + bytes([answers]) + b"\0\0\0\0"
            record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + rdata if answers else b""
            self._socket.sendto(head + packet[12:end] + record, peer)

    def close(self):
        self._socket.close()


def usr1(server):
    server.signal(signal.SIGUSR1)
