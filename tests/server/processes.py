"""Signals, the end of the process, errors at start, and `-check`."""
import os
import re
import signal
import socket
import subprocess
import time

from client import (PLAIN, WEB, LeftOut, NotStarted, SlowUpstream, Stream, Taken, ask_tcp, expect, log_text, logged,
                    own_network, question, result, run_once)
from server import Failed, Server, eventually

LAMEDUCK = PLAIN.replace("    prometheus", "    health 127.0.0.1:{PORT3} {\n        lameduck 2s\n    }\n    prometheus")
MANY_ERRORS = """.:{PORT} {
    hosts {
        ttl never
    }
    cache 0
    nosuch
}
second.example:{PORT} {
    loadbalance upside_down
}
"""


def ended(server, code, most, begin=None):
    """Seconds until the process has ended with `code`."""
    begin = begin or time.time()
    try:
        expect(server.process.wait(most), code, "exit status")
    except subprocess.TimeoutExpired:
        raise Failed(f"still runs after {most} s") from None
    return time.time() - begin


def sigterm_answers_for_the_lameduck_time(binary):
    with Server(binary, LAMEDUCK) as server:
        server.listening()
        begin = time.time()
        server.signal(signal.SIGTERM)
        logged(server, "[INFO] SIGTERM: Shutting down servers then terminating")
        while time.time() - begin < 1.6:
            expect(server.ask("web.example"), WEB, "over UDP")
            expect(ask_tcp(server, "web.example"), WEB, "over TCP")
            time.sleep(0.02)
        took = ended(server, 0, 10, begin)
        if not 1.9 <= took <= 6:
            raise Failed(f"ended after {took:.1f} s, lameduck 2s")


def sigterm_without_lameduck_ends_at_once(binary):
    with Server(binary, PLAIN) as server:
        server.listening()
        server.signal(signal.SIGTERM)
        took = ended(server, 0, 10)
        if took > 3:
            raise Failed(f"ended after {took:.1f} s")


def a_second_sigint_does_not_wait(binary):
    with Server(binary, LAMEDUCK.replace("lameduck 2s", "lameduck 30s")) as server:
        server.listening()
        server.signal(signal.SIGINT)
        logged(server, "[INFO] SIGINT: Shutting down")
        expect(server.ask("web.example"), WEB, "during the lameduck time")
        server.signal(signal.SIGINT)
        ended(server, 2, 5)


def one_sigint_ends_well(binary):
    with Server(binary, PLAIN) as server:
        server.listening().signal(signal.SIGINT)
        ended(server, 0, 5)


def sigquit_ends_at_once(binary):
    with Server(binary, LAMEDUCK.replace("lameduck 2s", "lameduck 30s")) as server:
        server.listening().signal(signal.SIGQUIT)
        ended(server, 0, 5)
        expect("[INFO] SIGQUIT: Quitting process immediately" in log_text(server), True, "the log line")


def sighup_is_ignored(binary):
    with Server(binary, PLAIN) as server:
        logged(server.listening(), "compatible")  # the last line of the start
        before = log_text(server)
        for _ in range(3):
            server.signal(signal.SIGHUP)
            expect(server.ask("web.example"), WEB, "after SIGHUP")
        expect((server.process.poll(), log_text(server)), (None, before), "exit status and log")


def sigterm_answers_what_was_asked_before(binary):
    """Questions that the kernel holds when the signal comes, over UDP and over connections known and not yet known."""
    with Server(binary, PLAIN) as server:
        port = server.listening().port
        datagrams = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(10)]
        known = [Stream(port) for _ in range(10)]
        for stream in known:
            expect(stream.ask("web.example"), WEB, "before")
        server.signal(signal.SIGSTOP)
        try:
            streams = known + [Stream(port) for _ in range(10)]
            for stream in streams:
                stream.send(*[question("web.example")] * 5)
            for datagram in datagrams:
                datagram.settimeout(5)
                for _ in range(20):
                    datagram.sendto(question("web.example"), ("127.0.0.1", port))
            server.signal(signal.SIGTERM)
        finally:
            server.signal(signal.SIGCONT)
        expect([result(each.recv(4096)) for each in datagrams for _ in range(20)], [WEB] * 200, "over UDP")
        expect([result(each.receive()) for each in streams for _ in range(5)], [WEB] * 100, "over TCP")
        ended(server, 0, 5)
        for each in datagrams + [stream.socket for stream in streams]:
            each.close()


def sigterm_waits_for_questions_under_way(binary):
    with SlowUpstream("203.0.113.5") as upstream:
        with Server(binary, ".:{PORT} {\n    %s}\n" % upstream.forward) as server:
            with Stream(server.listening().port) as stream:
                stream.send(question("slow.example"))
                eventually(lambda: upstream.waiting, 1, "questions at the upstream", 5)
                server.signal(signal.SIGTERM)
                logged(server, "[INFO] SIGTERM")
                eventually(lambda: ask_tcp(server, "other.example")[0], "REFUSED CONNECTION", "a new connection", 3)
                upstream.answer()
                expect(result(stream.receive()), ("NOERROR", ["203.0.113.5"]), "the answer")
            ended(server, 0, 5)


def sigterm_does_not_wait_for_ever(binary):
    """An upstream that never answers: the process ends after 5 s at most, well or not."""
    with SlowUpstream("203.0.113.5") as upstream:
        with Server(binary, ".:{PORT} {\n    %s}\n" % upstream.forward) as server:
            with Stream(server.listening().port) as stream:
                stream.send(question("slow.example"))
                eventually(lambda: upstream.waiting, 1, "questions at the upstream", 5)
                server.signal(signal.SIGTERM)
                ended(server, 0, 9)


def the_pidfile_is_written(binary):
    with Server(binary, PLAIN, wrapper=["sh", "-c", 'exec "$@" -pidfile {DIR}/pid', "sh"]) as server:
        path = os.path.join(server.listening().folder, "pid")
        with open(path) as pidfile:
            expect(pidfile.read(), f"{server.process.pid}\n", "pidfile")
        server.signal(signal.SIGTERM)
        ended(server, 0, 5)
        expect(os.path.exists(path), False, "pidfile afterwards")


def all_errors_of_a_corefile_are_told(binary):
    with NotStarted(binary, MANY_ERRORS) as server:
        for words in ([], ["-check"]):
            status, out, err = run_once(server, "-conf", "Corefile", *words)
            expect((status, out.strip()), (1, ""), f"exit status and standard output {words}")
            found = sorted(set(map(int, re.findall(r"\bCorefile:(\d+)\b", err))))
            expect(found, [3, 5, 6, 9], f"lines that {err!r} names")


def a_directive_that_is_not_built_is_told_once(binary):
    """`nomad` asks another orchestrator: known by name, of no use here."""
    want = ('Corefile:2 - Error during parsing: '
            'directive "nomad" is known to CoreDNS but not built into portolan\n')
    for arguments in ("", " 2"):
        with NotStarted(binary, ".:{PORT} {\n    nomad%s\n}\n" % arguments) as server:
            for words in ([], ["-check"]):
                expect(run_once(server, "-conf", "Corefile", *words), (1, "", want), f"nomad{arguments} {words}")


def a_missing_corefile_is_told(binary):
    with NotStarted(binary, PLAIN) as server:
        status, _, err = run_once(server, "-conf", "nosuch/Corefile")
    expect((status, err), (1, "open nosuch/Corefile: no such file or directory\n"), "exit status and standard error")


def a_port_in_use_is_told(binary):
    with NotStarted(binary, PLAIN) as server, Taken(server.port):
        status, _, err = run_once(server, "-conf", "Corefile")
        want = f"listen tcp 0.0.0.0:{server.port}: bind: address already in use\n"
    expect((status, err), (1, want), "exit status and standard error")


def a_port_that_is_not_allowed_is_told(binary):
    network = own_network("echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start")
    drop = ["setpriv", "--bounding-set", "-net_bind_service", "--inh-caps", "-net_bind_service"]
    if subprocess.run([*drop, "true"], capture_output=True).returncode != 0:
        raise LeftOut("no setpriv")
    with NotStarted(binary, PLAIN.replace("{PORT}", "53")) as server:
        status, _, err = run_once(server, "-conf", "Corefile", wrapper=[*network, *drop])
    expect((status, err), (1, "listen udp 0.0.0.0:53: bind: permission denied\n"), "exit status and standard error")


def wrong_flags_are_told(binary):
    with NotStarted(binary, PLAIN) as server:
        status, _, err = run_once(server, "-nosuch")
        expect((status, err.splitlines()[0]), (2, "flag provided but not defined: -nosuch"), "an unknown flag")
        expect(run_once(server, "-conf", "Corefile", "word")[0], 1, "a word too many")
        expect(run_once(server, "-dns.port", "many")[0], 1, "a port that is none")


def check_opens_no_socket(binary):
    with NotStarted(binary, LAMEDUCK) as server:
        with Taken(server.port), Taken(server.ports["PORT2"]), Taken(server.ports["PORT3"]):
            status, out, err = run_once(server, "-check", "-conf", "Corefile")
    expect((status, "Corefile is valid" in out, err), (0, True, ""), "exit status, standard output and error")


CASES = [sigterm_answers_for_the_lameduck_time, sigterm_without_lameduck_ends_at_once, a_second_sigint_does_not_wait,
         sigterm_answers_what_was_asked_before, sigterm_waits_for_questions_under_way,
         sigterm_does_not_wait_for_ever, one_sigint_ends_well, sigquit_ends_at_once, sighup_is_ignored,
         the_pidfile_is_written, all_errors_of_a_corefile_are_told,
         a_directive_that_is_not_built_is_told_once, a_missing_corefile_is_told, a_port_in_use_is_told,
         a_port_that_is_not_allowed_is_told, wrong_flags_are_told, check_opens_no_socket]
