"""UDP and TCP as a client sees them: addresses, pipelining, time-outs."""
import socket
import subprocess
import time

from client import (PLAIN, WEB, Stream, ask_tcp, ask_udp, expect, framed, has_ipv6, log_text, logged,
                    own_network, question, result)
from server import Failed, Server

# `large.example` has as many addresses as make an answer of 3.2 KB.
LARGE = """.:{PORT} {
    hosts {DIR}/hosts
    prometheus 127.0.0.1:{PORT2}
}
"""
ADDRESSES = [f"192.0.2.{number}" for number in range(1, 201)]
LARGE_FILES = {"hosts": "".join(f"{address} large.example\n" for address in ADDRESSES) + "192.0.2.1 web.example\n"}


def the_answer_comes_from_the_address_that_was_asked(binary):
    with Server(binary, PLAIN) as server:
        server.listening()
        hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"] + (["::1"] if has_ipv6() else [])
        for host in hosts:
            expect(ask_udp(server, "web.example", host=host), (*WEB, host), f"UDP to {host}")
            expect(ask_tcp(server, "web.example", host=host), WEB, f"TCP to {host}")


def bind_listens_on_its_addresses_only(binary):
    corefile = PLAIN.replace("    hosts", "    bind 127.0.0.2\n    hosts")
    with Server(binary, corefile) as server:
        server_up = time.time()
        while ask_tcp(server, "web.example", host="127.0.0.2") != WEB:
            if time.time() - server_up > 15:
                raise Failed("127.0.0.2 does not answer")
            time.sleep(0.05)
        expect(ask_udp(server, "web.example", host="127.0.0.2"), (*WEB, "127.0.0.2"), "UDP to 127.0.0.2")
        expect(ask_udp(server, "web.example", host="127.0.0.3", timeout=0.5)[0], "TIMEOUT", "UDP to 127.0.0.3")
        expect(ask_tcp(server, "web.example", host="127.0.0.3")[0], "REFUSED CONNECTION", "TCP to 127.0.0.3")


def pipelined_questions_are_all_answered(binary):
    with Server(binary, PLAIN) as server, Stream(server.listening().port) as stream:
        names = {number: "web.example" if number % 2 else "none.example" for number in range(1000, 1050)}
        stream.send(*(question(name, number=number) for number, name in names.items()))
        got = {}
        for _ in names:
            message = stream.receive()
            got[int.from_bytes(message[:2], "big")] = result(message)
        want = {number: WEB if name == "web.example" else ("SERVFAIL", []) for number, name in names.items()}
        expect(got, want, "answers by their ids")


def a_message_in_single_octets_is_answered(binary):
    with Server(binary, PLAIN) as server, Stream(server.listening().port) as stream:
        for octet in framed(question("web.example")) + framed(question("web.example")):
            stream.socket.sendall(bytes([octet]))
            time.sleep(0.001)
        expect([result(stream.receive()) for _ in range(2)], [WEB, WEB], "answers")


def a_client_that_closes_its_side_gets_its_answers(binary):
    with Server(binary, PLAIN) as server, Stream(server.listening().port) as stream:
        stream.send(*(question("web.example", number=number) for number in range(20)))
        stream.socket.shutdown(socket.SHUT_WR)
        expect([result(stream.receive()) for _ in range(20)], [WEB] * 20, "answers")
        expect(stream.receive(), None, "then the server closes")


def many_large_answers_on_one_connection(binary):
    """A megabyte of answers, read only when all questions have been written: reading stops and goes on."""
    with Server(binary, LARGE, LARGE_FILES) as server, Stream(server.listening().port) as stream:
        stream.send(*(question("large.example", number=number) for number in range(400)))
        time.sleep(0.5)
        ids = set()
        for _ in range(400):
            try:
                message = stream.receive()
            except socket.timeout:
                raise Failed(f"only {len(ids)} of 400 questions are answered") from None
            if not message:
                raise Failed(f"closed after {len(ids)} of 400 answers")
            ids.add(int.from_bytes(message[:2], "big"))
        expect(result(message), ("NOERROR", sorted(ADDRESSES)), "the last answer")
        expect(ids, set(range(400)), "ids")


def tcp_connections_have_their_times(binary):
    """3 s for the first message to come whole, 3 s for the rest of a message, 10 s between two."""
    with Server(binary, PLAIN) as server:
        port, begin = server.listening().port, time.time()
        with Stream(port) as silent, Stream(port) as half, Stream(port) as rest, Stream(port) as idle:
            half.socket.sendall(b"\0")
            expect(rest.ask("web.example"), WEB, "first question")
            rest.socket.sendall(framed(question("web.example"))[:9])
            expect(idle.ask("web.example"), WEB, "first question")
            for stream, most, what in ((silent, 3, "that says nothing"), (half, 3, "with half a prefix"),
                                       (rest, 3, "with half a message"), (idle, 10, "that is idle")):
                took = stream.closed_after(begin, most + 6)
                if took < most - 0.2:
                    raise Failed(f"the connection {what} was closed after {took:.1f} s, not {most}")


def a_machine_without_ipv6_is_served(binary):
    wrapper = own_network("echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6")
    with Server(binary, PLAIN, wrapper=wrapper) as server:
        logged(server, "Portolan-", 15)
        inside = ["nsenter", f"--net=/proc/{server.process.pid}/ns/net"]
        for words in ([], ["+tcp"]):
            asked = subprocess.run([*inside, "dig", "@127.0.0.1", "-p", str(server.port), "+short", "+time=3",
                                    "web.example", *words], capture_output=True, text=True, timeout=20)
            expect(asked.stdout.strip(), "192.0.2.1", f"dig {words}")
        expect(log_text(server).count("IPv6"), 1, "lines about IPv6")


CASES = [the_answer_comes_from_the_address_that_was_asked, bind_listens_on_its_addresses_only,
         pipelined_questions_are_all_answered, a_message_in_single_octets_is_answered,
         a_client_that_closes_its_side_gets_its_answers, many_large_answers_on_one_connection,
         tcp_connections_have_their_times, a_machine_without_ipv6_is_served]
