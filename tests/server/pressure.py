"""What others do to the server must not keep it from answering: slow readers, floods, a log that nobody reads."""
import fcntl
import os
import resource
import signal
import socket
import threading
import time

from client import (PLAIN, WEB, Stream, ask_tcp, ask_udp, expect, log_text, logged, metric, question)
from listening import LARGE, LARGE_FILES
from server import Asking, Failed, Server, eventually

LARGE_NUMBER = 4096  # of descriptors, for this process


def at_least(got, least, what):
    if got is None or got < least:
        raise Failed(f"{what}: expected at least {least}, got {got}")


def more_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, LARGE_NUMBER), hard), hard))


def a_client_that_never_reads_is_closed(binary):
    """It asks for 32 MB of answers: more than the kernel's buffers take."""
    with Server(binary, LARGE, LARGE_FILES) as server:
        server.listening()
        with Stream(server.port, receive_buffer=4096, timeout=20) as deaf, Asking(server, "web.example", WEB) as asking:
            begin = time.time()
            try:
                for _ in range(100):
                    deaf.send(*(question("large.example") for _ in range(100)))
                    time.sleep(0.01)
            except OSError:
                pass
            eventually(lambda: metric(server, "portolan_tcp_connections"), 0, "open connections", 20)
            took = time.time() - begin
            expect(ask_tcp(server, "large.example")[0], "NOERROR", "another client over TCP")
        expect((asking.wrong[:3], asking.asked > 20), ([], True), "questions of others")
        if not 4 <= took <= 15:
            raise Failed(f"closed after {took:.1f} s, not 5")


def one_source_cannot_take_all_tcp_connections(binary):
    more_descriptors()
    with Server(binary, PLAIN, wrapper=["prlimit", "--nofile=240:240"]) as server:
        server.listening()
        held, end = [], threading.Event()

        def flood():
            while not end.is_set():
                try:
                    held.append(Stream(server.port, timeout=2))
                except OSError:
                    pass
                if len(held) > 600:
                    for stream in held[:300]:
                        stream.socket.close()
                    del held[:300]

        flooding = threading.Thread(target=flood, daemon=True)
        flooding.start()
        try:
            eventually(lambda: (metric(server, "portolan_tcp_connections_refused_total") or 0) > 100, True,
                       "connections refused", 15)
            for number in range(30):
                source = f"127.0.1.{number + 1}"
                expect(ask_tcp(server, "web.example", source=source), WEB, f"TCP from {source}")
                expect(ask_udp(server, "web.example")[:2], WEB, "UDP from the flooding source")
        finally:
            end.set()
            flooding.join(10)
            for stream in held:
                stream.socket.close()
        logged(server, "[WARNING] too many TCP connections from one source on dns://:%d" % server.port)


def running_out_of_descriptors_is_survived(binary):
    with Server(binary, PLAIN) as server:
        server.listening()
        expect(ask_tcp(server, "web.example"), WEB, "before")
        limit = len(os.listdir(f"/proc/{server.process.pid}/fd")) + 5
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        held = [Stream(server.port) for _ in range(40)]
        logged(server, "Too many open files", 10)
        for _ in range(20):
            expect(ask_udp(server, "web.example")[:2], WEB, "UDP meanwhile")
        for stream in held:
            stream.socket.close()
        eventually(lambda: ask_tcp(server, "web.example"), WEB, "TCP afterwards", 10)
        at_least(metric(server, "portolan_tcp_connections_refused_total"), 1, "portolan_tcp_connections_refused_total")
        lines = log_text(server).count("Too many open files")
        if lines > 6:
            raise Failed(f"{lines} lines about it")


def a_log_that_nobody_reads_stops_nothing(binary):
    wrapper = ["sh", "-c", 'exec "$@" >{DIR}/pipe', "sh"]
    name = ".".join(["x" * 60] * 3) + ".example"
    corefile = PLAIN.replace("    hosts", "    log\n    hosts").replace("web.example", f"web.example {name}")
    server = Server(binary, corefile, wrapper=wrapper)
    path = os.path.join(server.folder, "pipe")
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with server:
            server.listening()
            fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
            for number in range(4000):
                expect(server.ask(name), WEB, f"question {number}")
                if number % 500 == 499 and metric(server, "portolan_log_dropped_lines_total"):
                    break
            dropped = metric(server, "portolan_log_dropped_lines_total")
            at_least(dropped, 1, "portolan_log_dropped_lines_total")
            text, begin = b"", time.time()
            while b"lines dropped: standard output was not read fast enough" not in text:
                if time.time() - begin > 10:
                    raise Failed("no line tells of the dropped ones")
                try:
                    text = text[-200:] + os.read(reader, 1 << 20)
                except BlockingIOError:
                    time.sleep(0.01)
            expect(server.ask(name), WEB, "afterwards")
    finally:
        os.close(reader)


def a_full_receive_queue_is_counted(binary):
    with Server(binary, PLAIN) as server:
        server.listening()
        server.signal(signal.SIGSTOP)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
                flood.connect(("127.0.0.1", server.port))
                packet = question("web.example")
                for _ in range(40000):
                    flood.send(packet)
                server.signal(signal.SIGCONT)
                # The kernel tells with a packet of the same queue, hence the same socket.
                begin = time.time()
                while not metric(server, "portolan_udp_receive_drops_total"):
                    if time.time() - begin > 10:
                        raise Failed("portolan_udp_receive_drops_total does not move")
                    flood.send(packet)
                    time.sleep(0.02)
        finally:
            server.signal(signal.SIGCONT)
        dropped = metric(server, "portolan_udp_receive_drops_total")
        if not 1000 < dropped < 40100:
            raise Failed(f"portolan_udp_receive_drops_total is {dropped}")
        logged(server, f"[WARNING] receive queue of dns://:{server.port}/udp was full")
        expect(server.ask("web.example"), WEB, "afterwards")


CASES = [a_client_that_never_reads_is_closed, one_source_cannot_take_all_tcp_connections,
         running_out_of_descriptors_is_survived, a_log_that_nobody_reads_stops_nothing,
         a_full_receive_queue_is_counted]
