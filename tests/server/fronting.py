"""What stands in front of the chain: time limits of connections, sockets of an address, PROXY protocol, shedding; and
the commands of `on` beside it."""
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

from client import (PLAIN, WEB, LeftOut, SlowUpstream, Stream, ask_tcp, expect, framed, log_text, logged, metric,
                    own_network, question, result)
from listening import LARGE, LARGE_FILES
from server import Asking, Failed, Server, eventually, usr1

QUICK = "timeouts {\n        read 1s\n    }\n    "
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
WHO = """.:{PORT} {
    %s
    template IN TXT {
        answer "{{ .Name }} 60 IN TXT {{ .Remote }}"
    }
    prometheus 127.0.0.1:{PORT2}
}
"""


def with_directive(text, corefile=PLAIN):
    return corefile.replace("{PORT} {\n", "{PORT} {\n    %s\n" % text, 1)


def within(took, least, most, what):
    if not least <= took <= most:
        raise Failed(f"{what} after {took:.1f} s, not between {least} and {most}")


# --- timeouts


def connections_have_the_times_that_are_set(binary):
    with Server(binary, with_directive("timeouts {\n        read 1s\n        idle 2s\n    }")) as server:
        port = server.listening().port
        begin = time.time()
        with Stream(port) as silent, Stream(port) as half, Stream(port) as idle:
            half.socket.sendall(b"\0")
            expect(idle.ask("web.example"), WEB, "a question")
            for stream, least, what in ((silent, 1, "silent"), (half, 1, "half a prefix"), (idle, 2, "idle")):
                within(stream.closed_after(begin, least + 5), least - 0.2, least + 4, f"{what}: closed")


def a_client_that_does_not_read_has_the_time_that_is_set(binary):
    with Server(binary, with_directive("timeouts {\n        write 1s\n    }", LARGE), LARGE_FILES) as server:
        server.listening()
        with Stream(server.port, receive_buffer=4096, timeout=20) as deaf:
            begin = time.time()
            try:
                for _ in range(60):
                    deaf.send(*(question("large.example") for _ in range(100)))
                    time.sleep(0.01)
            except OSError:
                pass
            eventually(lambda: metric(server, "portolan_tcp_connections"), 0, "open connections", 20)
            within(time.time() - begin, 0.8, 4, "closed")  # 5 s is the default


def a_connection_is_closed_after_its_queries(binary):
    with Server(binary, with_directive("timeouts {\n        maxtcpqueries 3\n    }", LARGE), LARGE_FILES) as server:
        server.listening()
        with Stream(server.port) as stream:
            for number in range(3):
                expect(stream.ask("web.example"), WEB, f"question {number + 1}")
            expect(stream.receive(), None, "then the server closes")
        with Stream(server.port) as stream:
            # What is asked beyond the third is not answered, and does not take the answers with it.
            for first in range(0, 400, 40):
                stream.send(*(question("large.example", number=number) for number in range(first, first + 40)))
                time.sleep(0.002)
            got = [stream.receive() for _ in range(3)]
            expect([message and int.from_bytes(message[:2], "big") for message in got], [0, 1, 2], "answered")
            expect(stream.receive(), None, "then the server closes")
            stream.socket.close()
        with Stream(server.port) as stream:
            for _ in range(3):
                stream.send(question("web.example"))
            begin = time.time()
            within(stream.closed_after(begin, 3), 0, 2, "told that it is over")
            eventually(lambda: metric(server, "portolan_tcp_connections"), 0, "open connections", 8)  # we never close


# --- multisocket


def sockets(server, protocol):
    """How many sockets of the server's port there are, by protocol as /proc/net names it."""
    listening = "0A" if protocol.startswith("tcp") else "07"
    with open(f"/proc/{server.process.pid}/net/{protocol}") as table:
        rows = [line.split() for line in table][1:]
    return sum(int(row[1].rsplit(":", 1)[1], 16) == server.port and row[3] == listening for row in rows)


def workers(server):
    return int(re.search(r"compatible, (\d+) worker", log_text(server))[1])


def there_are_as_many_sockets_as_are_asked_for(binary):
    protocols = ("udp", "tcp")
    with Server(binary, with_directive("multisocket 5")) as server:
        server.listening()
        logged(server, "Portolan-")
        expect([sockets(server, each) for each in protocols], [5, 5], "sockets")
        expect(log_text(server).count(f".:{server.port}\n"), 5, "lines of the banner")
        with Asking(server, "web.example", WEB, 1000) as asking:
            for directive, number in (("multisocket 1", 1), ("multisocket 7", 7), ("multisocket 2", 2),
                                      ("multisocket", workers(server)), ("", workers(server)), ("multisocket 3", 3)):
                server.write_corefile(with_directive(directive))
                usr1(server)
                for each in protocols:
                    eventually(lambda each=each: sockets(server, each), number, f"{each} sockets: {directive!r}")
                asking.more(50)
                expect(ask_tcp(server, "web.example"), WEB, f"a question over TCP: {directive!r}")
        expect(asking.wrong[:3], [], "questions meanwhile")


# --- proxyproto


def binary_header(source, port=1234, family=0x12, command=0x21, tail=b""):
    body = socket.inet_aton(source) + socket.inet_aton("127.0.0.1") + struct.pack("!HH", port, 53) + tail
    return SIGNATURE + bytes([command, family]) + struct.pack("!H", len(body)) + body


def line_header(source):
    return f"PROXY TCP4 {source} 127.0.0.1 1234 53\r\n".encode()


def txt(address):
    return "NOERROR", [f'"{address}"']


class Datagrams:
    """One UDP socket towards the server: a port of a load balancer."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", server.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, packet):
        self.socket.send(packet)

    def ask(self, header=b"", timeout=3.0):
        self.socket.settimeout(timeout)
        self.socket.send(header + question("a.example", "TXT"))
        try:
            return result(self.socket.recv(65535))
        except socket.timeout:
            return "TIMEOUT", []


def a_session_gives_later_datagrams_their_client(binary):
    corefile = WHO % "proxyproto {\n        udp_session_tracking 30s 2\n    }"
    with Server(binary, with_directive("multisocket 1", corefile)) as server:
        server.listening()
        with Datagrams(server) as a, Datagrams(server) as b, Datagrams(server) as c:
            expect(a.ask(), txt("127.0.0.1"), "no session")
            a.send(binary_header("192.0.2.1"))
            expect([a.ask(), a.ask()], [txt("192.0.2.1")] * 2, "after a header alone")
            expect(b.ask(binary_header("192.0.2.2")), txt("192.0.2.2"), "with a header")
            expect([b.ask(), a.ask()], [txt("192.0.2.2"), txt("192.0.2.1")], "each its own")
            usr1(server)
            logged(server, "Reloading complete")
            expect(a.ask(), txt("192.0.2.1"), "after a reload")
            expect(c.ask(binary_header("192.0.2.3")), txt("192.0.2.3"), "a third")
            expect(b.ask(), txt("127.0.0.1"), "the one used longest ago made room")
            expect(a.ask(binary_header("192.0.2.4")), txt("192.0.2.4"), "another client")
            expect(a.ask(), txt("192.0.2.4"), "and it stays")


def a_reload_changes_whose_headers_count(binary):
    with Server(binary, WHO % "proxyproto") as server, Datagrams(server.listening()) as datagrams:
        expect(datagrams.ask(binary_header("192.0.2.1")), txt("192.0.2.1"), "all count")
        for number, (directive, want) in enumerate((
                ("proxyproto {\n        allow 192.0.2.0/24\n    }", txt("127.0.0.1")), ("", None),
                ("proxyproto {\n        allow 127.0.0.0/8\n        default reject\n    }", txt("192.0.2.1")))):
            server.write_corefile(WHO % directive)
            usr1(server)
            eventually(lambda: log_text(server).count("Reloading complete"), number + 1, "reloads")
            got = datagrams.ask(binary_header("192.0.2.1"))
            if want:
                expect(got, want, directive)
            else:
                expect(got[0], "NOTIMP", "a header that nobody looks for")


def a_header_over_tcp_may_come_in_pieces(binary):
    with Server(binary, WHO % (QUICK + "proxyproto")) as server:
        for header in (line_header("192.0.2.1"), binary_header("192.0.2.1", family=0x11, tail=b"x" * 300)):
            with Stream(server.listening().port) as stream:
                stream.socket.sendall(header[:3])
                time.sleep(0.05)
                for octet in header[3:] + framed(question("a.example", "TXT")):
                    stream.socket.sendall(bytes([octet]))
                expect(result(stream.receive()), txt("192.0.2.1"), "one by one")
                stream.send(question("a.example", "TXT"), question("a.example", "TXT"))
                expect([result(stream.receive()) for _ in range(2)], [txt("192.0.2.1")] * 2, "later questions")
                stream.socket.sendall(header)
                stream.send(question("a.example", "TXT"))
                within(stream.closed_after(time.time(), 8), 0, 8, "a second header: closed")


def bad_headers_are_survived(binary):
    dns = question("a.example", "TXT")
    bad = [line_header("192.0.2.1").replace(b"TCP4", b"UDP4"), b"PROXY " + b"x" * 200 + b"\r\n",
           b"PROXY TCP4 1 2 3 4\r\n", SIGNATURE + b"\x21\x11\xff\xff",
           SIGNATURE + b"\x21\x00\0\0", SIGNATURE + b"\xff\xff\0\0",
           SIGNATURE + b"\x21\x11\0\4abcd", SIGNATURE + b"\x21\x13\0\x0c" + b"x" * 12]
    with Server(binary, WHO % (QUICK + "proxyproto")) as server:
        port = server.listening().port
        for header in bad:
            with Stream(port) as stream:
                begin = time.time()
                stream.socket.sendall(header + framed(dns))
                within(stream.closed_after(begin, 5), 0, 0.9, f"{header[:20]}: closed")
            with Datagrams(server) as datagrams:
                expect(datagrams.ask(header, 0.2)[0], "TIMEOUT", f"UDP: {header[:20]}")
        expect(metric(server, "portolan_proxy_headers_refused_total"), 2 * len(bad), "counted")
        with Stream(port) as stream:  # the start of a header, and then nothing
            begin = time.time()
            stream.socket.sendall(SIGNATURE)
            within(stream.closed_after(begin, 8), 0.8, 4, "closed")
        with Datagrams(server) as datagrams:
            for size in range(0, 60):
                datagrams.send((binary_header("192.0.2.1") + dns)[:size])
                datagrams.send(os.urandom(size))
                datagrams.send(SIGNATURE + os.urandom(size))
                datagrams.send(b"PROXY" + os.urandom(size))
        with Datagrams(server) as datagrams:
            expect(datagrams.ask(binary_header("192.0.2.9")), txt("192.0.2.9"), "afterwards")
        if log_text(server).count("Proxy Protocol") > 40:
            raise Failed("the log is flooded")


# --- cancel


def a_cancelled_query_asks_no_further_upstream(binary):
    with SlowUpstream("192.0.2.1") as first, SlowUpstream("192.0.2.2") as second:
        corefile = (".:{PORT} {\n    %%s\n    forward . 127.0.0.1:%d 127.0.0.1:%d {\n        policy sequential\n"
                    "        max_fails 0\n    }\n}\n") % (first.port, second.port)
        with Server(binary, corefile % "cancel 1s") as server:
            server.listening()
            begin = time.time()
            expect(server.ask("slow.example", timeout=8), ("SERVFAIL", []), "nobody answers")
            within(time.time() - begin, 1.5, 3.5, "answered")
            expect((first.waiting, second.waiting), (1, 0), "upstreams asked")
            server.write_corefile(corefile % "")
            usr1(server)
            logged(server, "Reloading complete")
            begin = time.time()
            expect(server.ask("slow.example", timeout=9), ("SERVFAIL", []), "nobody answers")
            within(time.time() - begin, 4, 8, "answered without cancel")
            expect(second.waiting, 1, "second upstream asked")


# --- shed


FLOOD = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
s.bind(("10.99.0.2", 5300))
packet = bytes.fromhex(sys.argv[1])
for number in range(int(sys.argv[2])):
    s.sendto(number.to_bytes(2, "big") + packet[2:], ("10.99.0.1", int(sys.argv[3])))
    if number % 50 == 49:
        time.sleep(0.002)
print("sent", flush=True)
sys.stdin.readline()
got = set()
s.settimeout(2)
try:
    while True:
        got.add(int.from_bytes(s.recv(65535)[:2], "big"))
except socket.timeout:
    pass
print(len(got))
"""


def answers_that_cannot_leave_wait_and_queries_are_shed(binary):
    """The server's network card takes next to nothing, for a while."""
    asked = 9000
    corefile = with_directive("shed", LARGE)
    with Server(binary, with_directive("multisocket 1", corefile), LARGE_FILES, own_network()) as server, \
            subprocess.Popen(["unshare", "-n", "sleep", "100"]) as elsewhere:
        try:
            logged(server, "Portolan-", 15)
            here = ["nsenter", f"--net=/proc/{server.process.pid}/ns/net"]
            there = ["nsenter", f"--net=/proc/{elsewhere.pid}/ns/net"]

            def run(*words):
                return subprocess.run([*words], capture_output=True, text=True, timeout=20, check=True).stdout

            def rate(limits, how="change"):
                return f"tc qdisc {how} dev v0 root tbf rate {limits} limit 200mb".split()

            def counted(family):
                text = run(*here, sys.executable, "-c", "import sys, urllib.request as r; "
                           "print(r.urlopen(sys.argv[1]).read().decode())",
                           f"http://127.0.0.1:{server.ports['PORT2']}/metrics")
                return sum(float(value) for value in re.findall(r"^%s (\S+)$" % family, text, re.M))

            try:
                run(*here, "ip", "link", "add", "name", "v0", "type", "veth", "peer", "name", "v1")
                run(*here, *rate("64kbit burst 2k", "add"))
            except (OSError, subprocess.CalledProcessError):
                raise LeftOut("no virtual network cards with a token bucket") from None
            run(*here, "ip", "link", "set", "v1", "netns", str(elsewhere.pid))
            for words in ("ip addr add 10.99.0.1/24 dev v0", "ip link set v0 up"):
                run(*here, *words.split())
            for words in ("ip addr add 10.99.0.2/24 dev v1", "ip link set v1 up"):
                run(*there, *words.split())
            packet = question("large.example").hex()
            shed = r'coredns_shed_dropped_total\{reason="query",server="dns://:%d"\}' % server.port
            late = shed.replace("query", "response")
            moved = with_directive("shed", LARGE).replace("{PORT}", "{PORT3}")

            def go_on():
                pass

            def close_its_socket():
                server.write_corefile(moved)
                usr1(server)
                logged(server, "Reloading complete")

            for meanwhile in (go_on, close_its_socket):
                shed_before, late_before = counted(shed), counted(late)
                with subprocess.Popen([*there, sys.executable, "-c", FLOOD, packet, str(asked), str(server.port)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as flood:
                    expect(flood.stdout.readline(), "sent\n", "the flood")
                    eventually(lambda: counted(shed) > shed_before, True, "queries shed", 20)
                    meanwhile()
                    run(*here, *rate("1gbit burst 1m"))
                    flood.stdin.write("\n")
                    flood.stdin.flush()
                    answered = int(flood.stdout.readline())
                made_room = counted(late) - late_before
                dropped = counted(shed) - shed_before + made_room
                if made_room > 64:  # those of a batch that was begun before there was no room
                    raise Failed(f"{made_room} answers dropped")
                expect(answered, asked - dropped, f"of {asked} questions, {dropped} of them dropped, answered")
                expect(counted("portolan_udp_send_errors_total"), 0, "answers lost")
                run(*here, *rate("64kbit burst 2k"))
        except subprocess.CalledProcessError as error:
            raise Failed(f"{error}: {error.stderr}") from error
        finally:
            elsewhere.kill()


# --- on


def commands_run_at_their_events(binary):
    corefile = with_directive("on startup sh -c \"'echo up >>{DIR}/events; echo said'\"\n"
                              "    on shutdown sh -c \"'sleep 0.5; echo down >>{DIR}/events'\"\n"
                              "    on startup sleep 1000 &")
    with Server(binary, corefile) as server:
        server.listening()
        path = os.path.join(server.folder, "events")

        def events():
            if not os.path.exists(path):
                return []
            with open(path) as source:
                return source.read().split()

        def children():
            listed = subprocess.run(["ps", "-o", "args=", "--ppid", str(server.process.pid)], capture_output=True,
                                    text=True, timeout=10)
            return listed.stdout.split("\n").count("sleep 1000")

        eventually(events, ["up"], "at the start")
        logged(server, "[INFO] plugin/on: startup: sh: said")
        eventually(children, 1, "commands in the background")
        usr1(server)
        eventually(events, ["up", "up"], "after a reload")
        logged(server, "[ERROR] plugin/on: startup: \"sleep 1000\": ended with the server")
        eventually(children, 1, "commands in the background after a reload")
        server.write_corefile("broken {\n")
        usr1(server)
        logged(server, "Corefile was not loaded")
        expect(events(), ["up", "up"], "after a reload that failed")
        expect(ask_tcp(server, "web.example"), WEB, "a question")
        begin = time.time()
        server.signal(signal.SIGTERM)
        expect(server.process.wait(10), 0, "exit status")
        within(time.time() - begin, 0.4, 6, "ended")
        expect(events(), ["up", "up", "down"], "at the end")


CASES = [connections_have_the_times_that_are_set, a_client_that_does_not_read_has_the_time_that_is_set,
         a_connection_is_closed_after_its_queries, there_are_as_many_sockets_as_are_asked_for,
         a_session_gives_later_datagrams_their_client, a_reload_changes_whose_headers_count,
         a_header_over_tcp_may_come_in_pieces, bad_headers_are_survived, a_cancelled_query_asks_no_further_upstream,
         answers_that_cannot_leave_wait_and_queries_are_shed, commands_run_at_their_events]
