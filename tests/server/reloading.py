"""SIGUSR1 with another Corefile while clients ask: what changes, what does not, and that no question is lost."""
import os
import re
import socket

from client import (PLAIN, WEB, SlowUpstream, SteadyTcp, Stream, Taken, ask_tcp, ask_udp, expect, log_text, logged,
                    metric, question, result)
from server import Asking, Failed, Server, eventually, usr1

# A block to add on a port of its own.
ADDED = """
added.example:{PORT3} {
    hosts {
        192.0.2.3 www.added.example
    }
}
"""
FOUND = ("NOERROR", ["192.0.2.3"])


class Steady:
    """Clients that ask over UDP and TCP all the time; fails when one question was lost or answered otherwise."""

    def __init__(self, server, rate=300, tcp=True):
        self._clients = [Asking(server, "web.example", WEB, rate)]
        if tcp:
            self._clients.append(SteadyTcp(server, "web.example", WEB))

    def __enter__(self):
        for client in self._clients:
            client.__enter__()
        return self

    def asked(self):
        """Questions so far, of the client that has asked least."""
        return min(client.asked for client in self._clients)

    def more(self, questions):
        """Waits until each client has asked as many more."""
        least = self.asked() + questions
        eventually(lambda: self.asked() >= least, True, "clients ask", 20)

    def __exit__(self, kind, *_):
        try:
            if not kind:
                self.more(20)
        finally:
            for client in self._clients:
                client.__exit__()
        for client, what in zip(self._clients, ("UDP", "TCP")):
            if not kind:
                expect(client.wrong[:3], [], f"{client.asked} questions over {what}")


def refused(server):
    """Waits until the server has refused the new Corefile."""
    eventually(lambda: metric(server, "coredns_reload_failed_total"), 1, "coredns_reload_failed_total", 10)
    logged(server, "[ERROR] Corefile was not loaded: the running configuration goes on")


def zones_and_ports_come_and_go(binary):
    with Server(binary, PLAIN + ADDED) as server:
        port = server.listening().ports["PORT3"]
        second = ADDED.replace("{PORT3}", "{PORT4}")
        with Steady(server), Stream(server.port) as kept:
            expect(ask_udp(server, "www.added.example", port=port)[:2], FOUND, "the first port")
            expect(kept.ask("new.example"), ("SERVFAIL", []), "a name that is not yet there, over TCP")
            first = PLAIN.replace("192.0.2.1 web", "192.0.2.9 new.example\n        192.0.2.1 web")
            server.write_corefile(first + second)
            usr1(server)
            new = server.ports["PORT4"]
            eventually(lambda: ask_tcp(server, "www.added.example", port=new), FOUND, "the new port over TCP", 10)
            expect(ask_udp(server, "www.added.example", port=new)[:2], FOUND, "the new port over UDP")
            expect(server.ask("new.example"), ("NOERROR", ["192.0.2.9"]), "the new name")
            expect(kept.ask("new.example"), ("NOERROR", ["192.0.2.9"]), "over the connection of before")
            eventually(lambda: ask_tcp(server, "www.added.example", port=port)[0], "REFUSED CONNECTION",
                       "the port that is gone", 5)
            expect(ask_udp(server, "www.added.example", port=port, timeout=0.3)[0], "TIMEOUT", "over UDP")
            server.write_corefile(PLAIN.replace(".:{PORT}", "web.example:{PORT} added.example:{PORT}"))
            usr1(server)
            eventually(lambda: server.ask("other.example"), ("REFUSED", []), "a zone that is gone", 10)
        logged(server, "[INFO] Reloading complete")
        expect("ERROR" in log_text(server), False, "an error in the log")


def a_broken_corefile_changes_nothing(binary):
    with Server(binary, PLAIN) as server:
        server.listening()
        with Steady(server):
            server.write_corefile(PLAIN.replace("192.0.2.1 web.example", "192.0.2.1 web.example\n        ttl never"))
            usr1(server)
            refused(server)
        if not re.search(r"\[ERROR\] reload: \S*plugin/hosts: \S*Corefile:4\b", log_text(server)):
            raise Failed("no line with the place of the error")
        server.write_corefile(PLAIN.replace("192.0.2.1 ", "192.0.2.5 "))
        usr1(server)
        eventually(lambda: server.ask("web.example"), ("NOERROR", ["192.0.2.5"]), "a good one afterwards", 10)


def an_empty_corefile_is_refused(binary):
    with Server(binary, PLAIN) as server:
        server.listening()
        with Steady(server):
            server.write_corefile("# nothing\n")
            usr1(server)
            refused(server)
        expect(metric(server, "coredns_reload_failed_total"), 1, "coredns_reload_failed_total")


def a_port_of_somebody_else_is_refused(binary):
    with Server(binary, PLAIN) as server:
        port = server.listening().ports["PORT3"]
        with Taken(port):
            with Steady(server):
                server.write_corefile(PLAIN.replace("192.0.2.1 ", "192.0.2.5 ") + ADDED)
                usr1(server)
                refused(server)
            logged(server, f":{port}: bind: address already in use")
            expect(ask_udp(server, "www.added.example", port=port, timeout=0.3)[0], "TIMEOUT", "UDP of the new port")
        usr1(server)
        eventually(lambda: ask_tcp(server, "www.added.example", port=port), FOUND, "when the port is free", 10)
        expect(server.ask("web.example"), ("NOERROR", ["192.0.2.5"]), "the rest of the new Corefile")


def resident(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1))


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def fifty_reloads_lose_no_question(binary):
    def corefile(number):
        text = PLAIN.replace("192.0.2.1 web", f"192.0.2.{100 + number} turn.example\n        192.0.2.1 web")
        return text + (ADDED if number % 2 else "")

    with Server(binary, corefile(0)) as server:
        server.listening()
        sizes, opened = {}, {}
        with Steady(server, rate=500) as steady:
            for number in range(1, 51):
                server.write_corefile(corefile(number))
                usr1(server)
                eventually(lambda: server.ask("turn.example"), ("NOERROR", [f"192.0.2.{100 + number}"]),
                           f"reload {number}", 10)
                steady.more(5)
                sizes[number], opened[number] = resident(server), descriptors(server)
        if sizes[50] > sizes[10] * 1.1:
            raise Failed(f"memory grew from {sizes[10]} kB after 10 reloads to {sizes[50]} kB after 50")
        if opened[50] > opened[10] + 10:
            raise Failed(f"descriptors grew from {opened[10]} after 10 reloads to {opened[50]} after 50")
        expect(metric(server, "coredns_reload_failed_total") or 0, 0, "coredns_reload_failed_total")


def a_changed_file_is_loaded_without_a_signal(binary):
    corefile = PLAIN.replace("    hosts", "    reload 2s 1s\n    hosts")
    with Server(binary, corefile) as server:
        server.listening()
        with Steady(server):
            server.write_corefile(corefile.replace("192.0.2.1 web", "192.0.2.9 new.example\n        192.0.2.1 web"))
            eventually(lambda: server.ask("new.example"), ("NOERROR", ["192.0.2.9"]), "the new name", 10)


def questions_under_way_are_answered_by_the_old_corefile(binary):
    """They wait for an upstream while its block and its port go away."""
    with SlowUpstream("203.0.113.5") as upstream:
        with Server(binary, PLAIN + "\nslow.example:{PORT3} {\n    %s}\n" % upstream.forward) as server:
            port = server.listening().ports["PORT3"]
            with Stream(port) as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
                datagram.settimeout(8)
                stream.send(question("tcp.slow.example"))
                datagram.sendto(question("udp.slow.example"), ("127.0.0.1", port))
                eventually(lambda: upstream.waiting >= 2, True, "questions at the upstream", 5)
                server.write_corefile(PLAIN)
                usr1(server)
                logged(server, "[INFO] Reloading complete")
                upstream.answer()
                expect(result(stream.receive()), ("NOERROR", ["203.0.113.5"]), "over TCP")
                expect(stream.receive(), None, "the connection afterwards")
                expect(result(datagram.recv(4096)), ("NOERROR", ["203.0.113.5"]), "over UDP")
            eventually(lambda: metric(server, "portolan_tcp_connections"), 0, "portolan_tcp_connections", 5)


def other_addresses_lose_no_question(binary):
    """`bind` comes and goes while a question waits for its upstream on the listener that goes.

    Over UDP: the TCP connections of a listener that goes are closed, and a client has to open another."""
    with SlowUpstream("203.0.113.5") as upstream:
        everywhere = PLAIN + "\nslow.example:{PORT} {\n    %s}\n" % upstream.forward
        bound = everywhere.replace("    hosts", "    bind 127.0.0.1\n    hosts")
        bound = bound.replace("    forward", "    bind 127.0.0.1\n    forward")
        with Server(binary, bound) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            server.listening()
            datagram.settimeout(8)
            with Steady(server, tcp=False) as steady:
                for number in range(6):
                    datagram.sendto(question(f"{number}.slow.example"), ("127.0.0.1", server.port))
                    eventually(lambda: upstream.waiting, number + 1, "questions at the upstream", 5)
                    server.write_corefile(bound if number % 2 else everywhere)
                    usr1(server)
                    eventually(lambda: log_text(server).count("Reloading complete"), number + 1, "reloads", 10)
                    steady.more(20)
            upstream.answer()
            answers = [result(datagram.recv(4096)) for _ in range(6)]
            expect(answers, [("NOERROR", ["203.0.113.5"])] * 6, "the questions that waited")


CASES = [zones_and_ports_come_and_go, a_changed_file_is_loaded_without_a_signal,
         a_broken_corefile_changes_nothing, an_empty_corefile_is_refused,
         a_port_of_somebody_else_is_refused, questions_under_way_are_answered_by_the_old_corefile,
         other_addresses_lose_no_question, fifty_reloads_lose_no_question]
