"""Zone transfers of a zone that is larger than what lies between server and client: whole, in time, out of the way."""
import os
import re
import shutil
import socket
import subprocess
import time

import dns.query
import dns.tsigkeyring

from client import LeftOut, Stream, ask_tcp, expect, log_text, logged, metric, parse_msg, question, result
from server import Asking, Failed, Server, eventually, usr1

RECORDS = 40_000
TEXT = "x" * 200
ALL = RECORDS + 4  # NS, one address, and the SOA at both ends
SOA = "big.test.\t60\tIN\tSOA\tns.big.test. admin.big.test. %d 3600 600 86400 30"
ZONE = """.:{PORT} {
    errors
    transfer big.test {
        to *
    }
    file {DIR}/db big.test {
        reload 200ms
    }
    prometheus 127.0.0.1:{PORT2}
}
"""
WITHOUT = """.:{PORT} {
    errors
    prometheus 127.0.0.1:{PORT2}
    hosts {
        192.0.2.9 web.big.test
    }
}
"""
WEB = ("NOERROR", ["192.0.2.1"])
MOST_MEMORY = 24 << 10  # KiB that transfers may add


def zone(serial=7):
    lines = [f"@ 60 IN SOA ns admin {serial} 3600 600 86400 30", "@ 60 IN NS ns", "web 60 IN A 192.0.2.1"]
    return "\n".join(lines + [f'h{number} 60 IN TXT "{number} {TEXT}"' for number in range(RECORDS)]) + "\n"


def big_zone(binary):
    return Server(binary, ZONE, {"db": zone()})


def expect_zone(stream, number, records=ALL, others=None):
    """Reads a transfer to its last record, the SOA; answers to other questions go into `others`, by their ids."""
    count = 0
    while count < records:
        message = stream.receive()
        if message is None:
            raise Failed(f"closed after {count} of {records} records")
        if message[:2] != number.to_bytes(2, "big"):
            others[int.from_bytes(message[:2], "big")] = (count, result(message))
            continue
        expect(message[2:4], b"\x85\x00", f"flags and rcode after {count} records")
        count += int.from_bytes(message[6:8], "big")
    expect((count, parse_msg(message)["answer"][-1].split(" ")[3]), (records, "SOA"), "records, and the last one")


def under_way(stream):
    """Waits for the first octets of an answer, and leaves them there."""
    stream.socket.recv(1, socket.MSG_PEEK)


def memory(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1))


def program(name):
    if not shutil.which(name):
        raise LeftOut(f"no {name}")
    return name


def printed(server, *words):
    done = subprocess.run([*words, "@127.0.0.1", "-p", str(server.port)], capture_output=True, text=True, timeout=60)
    return [line for line in done.stdout.splitlines() if line and not line.startswith(";")]


def dig_gets_the_whole_zone(binary):
    program("dig")
    with big_zone(binary) as server:
        lines = printed(server.listening(), "dig", "+onesoa", "AXFR", "big.test")
        fields = [line.split(None, 4) for line in lines]
        texts = sorted((name, rdata) for name, _, _, kind, rdata in fields if kind == "TXT")
        want = sorted((f"h{number}.big.test.", f'"{number} {TEXT}"') for number in range(RECORDS))
        expect(len(texts), RECORDS, "TXT records")
        expect(texts == want, True, "the records of the zone file")
        expect(sorted(kind for _, _, _, kind, _ in fields if kind != "TXT"), ["A", "NS", "SOA"], "other records")
        logged(server, f'[INFO] plugin/transfer: Outgoing transfer of {RECORDS + 4} records of zone "big.test." to '
                       '127.0.0.1 for 7 SOA serial')


def ixfr_gets_the_zone_or_its_soa(binary):
    kdig = program("kdig")
    with big_zone(binary) as server:
        server.listening()
        for serial, records in ((6, RECORDS + 4), (7, 1), (8, RECORDS + 4)):
            lines = printed(server, kdig, "-q", "big.test", "-t", f"IXFR={serial}")
            expect(len(lines), records, f"lines for serial {serial}")
            expect(" ".join(lines[0].split()), (SOA % 7).replace("\t", " "), f"first line for serial {serial}")


def every_message_of_a_signed_transfer_is_signed(binary):
    """dnspython checks each MAC, which holds the one before it (RFC 8945 section 5.3.1)."""
    secret = "X28hl0BOfAL5G0jsmJWSacrwn7YRm2f6U5brnzwWEus="
    tsig = f"    tsig big.test {{\n        secret key.test. {secret}\n        require AXFR\n    }}\n"
    corefile = ZONE.replace("    transfer", tsig + "    transfer", 1)
    keyring = dns.tsigkeyring.from_text({"key.test.": secret})
    with Server(binary, corefile, {"db": zone()}) as server:
        port = server.listening().port
        counts = [sum(len(rrset) for rrset in message.answer)
                  for message in dns.query.xfr("127.0.0.1", "big.test", port=port, keyring=keyring, lifetime=30,
                                               keyalgorithm="hmac-sha384")]
        expect((sum(counts), len(counts) > 100), (ALL, True), "records, in many messages")
        with Stream(port) as stream:
            stream.send(question("big.test", "AXFR", 1))
            expect(stream.receive()[3] & 15, 5, "the rcode without a signature")


def questions_are_answered_while_a_zone_leaves(binary):
    """Over the same connection, over others and over UDP."""
    with big_zone(binary) as server:
        server.listening()
        with Stream(server.port, receive_buffer=4096) as stream, Asking(server, "web.big.test", WEB) as asking:
            stream.send(question("big.test", "AXFR", 1000), question("web.big.test", "A", 1001),
                        question("web.big.test", "A", 1002), question("big.test", "SOA", 1003))
            expect(ask_tcp(server, "web.big.test"), WEB, "over another connection")
            asking.more(5)
            others = {}
            expect_zone(stream, 1000, others=others)
        expect({number: answer for number, (_, answer) in others.items()},
               {1001: WEB, 1002: WEB, 1003: ("NOERROR", ["ns.big.test. admin.big.test. 7 3600 600 86400 30"])},
               "answers to other questions")
        late = [number for number, (after, _) in others.items() if after > RECORDS / 2]
        expect(late, [], "answers that had to wait for the end of the transfer")
        expect(asking.wrong[:3], [], "questions over UDP")


def several_zones_leave_over_one_connection(binary):
    with big_zone(binary) as server, Stream(server.listening().port, timeout=30) as stream:
        stream.send(*(question("big.test", "AXFR", number) for number in (1, 2, 3)))
        counts, turns = {1: 0, 2: 0, 3: 0}, []
        while min(counts.values()) < ALL:
            message = stream.receive()
            turns.append(int.from_bytes(message[:2], "big"))
            counts[turns[-1]] += int.from_bytes(message[6:8], "big")
        expect(counts, {1: ALL, 2: ALL, 3: ALL}, "records of each")
        expect(sorted(set(turns[:len(turns) // 2])), [1, 2, 3], "zones in the first half of the messages")


def a_client_that_stops_reading_is_closed(binary):
    """Twenty of them: what is in memory stays small, others are answered, and after 5 s they are gone."""
    with big_zone(binary) as server:
        server.listening()
        ask_tcp(server, "web.big.test")
        before = memory(server)
        deaf = [Stream(server.port, receive_buffer=4096) for _ in range(20)]
        begin = time.time()
        try:
            for stream in deaf:
                stream.send(question("big.test", "AXFR"))
                stream.receive()
            with Asking(server, "web.big.test", WEB) as asking:
                most = 0
                while (metric(server, "portolan_tcp_connections") or 0) > 0 and time.time() - begin < 20:
                    most = max(most, memory(server))
                    time.sleep(0.1)
            took = time.time() - begin
        finally:
            for stream in deaf:
                stream.socket.close()
        expect(asking.wrong[:3], [], "questions of others")
        if not 4 <= took <= 15:
            raise Failed(f"closed after {took:.1f} s, not 5")
        if most - before > MOST_MEMORY:
            raise Failed(f"{most - before} KiB more while {len(deaf)} clients do not read")
        logged(server,
               '[ERROR] plugin/errors: 2 big.test. AXFR: transfer of zone "big.test." to 127.0.0.1 ended after ')
        with Stream(server.port) as stream:
            stream.send(question("big.test", "AXFR", 5))
            expect_zone(stream, 5)


def a_client_that_goes_away_ends_its_transfer(binary):
    with big_zone(binary) as server:
        server.listening()
        for _ in range(30):
            with Stream(server.port, receive_buffer=4096) as stream:
                stream.send(question("big.test", "AXFR"))
                stream.receive()
        eventually(lambda: metric(server, "portolan_tcp_connections"), 0, "open connections", 10)
        with Stream(server.port) as stream:
            stream.send(question("big.test", "AXFR", 5))
            expect_zone(stream, 5)


def a_client_that_says_no_more_still_gets_its_zone(binary):
    with big_zone(binary) as server, Stream(server.listening().port) as stream:
        stream.send(question("big.test", "AXFR", 5))
        stream.socket.shutdown(socket.SHUT_WR)
        expect_zone(stream, 5)
        expect(stream.receive(), None, "behind the zone")


def a_transfer_ends_on_the_configuration_it_began_with(binary):
    with big_zone(binary) as server:
        server.listening()
        with Stream(server.port, receive_buffer=4096) as stream:
            stream.send(question("big.test", "AXFR", 5))
            under_way(stream)
            server.write_corefile(WITHOUT)
            usr1(server)
            logged(server, "[INFO] Reloading complete")
            expect(ask_tcp(server, "web.big.test"), ("NOERROR", ["192.0.2.9"]), "the new configuration")
            expect(ask_tcp(server, "big.test", "AXFR")[0], "SERVFAIL", "a transfer from the new configuration")
            expect_zone(stream, 5)
        expect(server.ask("web.big.test"), ("NOERROR", ["192.0.2.9"]), "over UDP, afterwards")


def a_transfer_ends_on_the_version_it_began_with(binary):
    with big_zone(binary) as server:
        server.listening()
        with Stream(server.port, receive_buffer=4096) as stream:
            stream.send(question("big.test", "AXFR", 5))
            under_way(stream)
            with open(os.path.join(server.folder, "db.new"), "w") as target:
                target.write("@ 60 IN SOA ns admin 8 3600 600 86400 30\n@ 60 IN NS ns\nweb 60 IN A 192.0.2.8\n")
            os.replace(os.path.join(server.folder, "db.new"), os.path.join(server.folder, "db"))
            eventually(lambda: server.ask("web.big.test"), ("NOERROR", ["192.0.2.8"]), "the new version", 4)
            expect_zone(stream, 5)
        with Stream(server.port) as stream:
            stream.send(question("big.test", "AXFR", 6))
            expect_zone(stream, 6, 4)


def secondaries_hear_of_a_zone(binary):
    """At start, when the zone has changed, and when the Corefile was read again."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as secondary:
        secondary.bind(("127.0.0.1", 0))
        secondary.settimeout(10)
        corefile = ZONE.replace("to *", "to * 127.0.0.1:%d\n        source 127.0.0.2" % secondary.getsockname()[1])

        def heard():
            message, peer = secondary.recvfrom(512)
            expect((message[2] & 0x78, message[12:]), (0x20, b"\3big\4test\0\0\6\0\1"), "opcode and question")
            expect(peer[0], "127.0.0.2", "source")
            secondary.sendto(message[:2] + bytes([message[2] | 0x80]) + message[3:], peer)

        with Server(binary, corefile, {"db": zone()}) as server:
            server.listening()
            heard()
            with open(os.path.join(server.folder, "db"), "w") as target:
                target.write("@ 60 IN SOA ns admin 8 3600 600 86400 30\n@ 60 IN NS ns\n")
            heard()
            usr1(server)
            heard()
            expect("Failed sending notifies" in log_text(server), False, "a warning in the log")


CASES = [dig_gets_the_whole_zone, ixfr_gets_the_zone_or_its_soa, every_message_of_a_signed_transfer_is_signed,
         questions_are_answered_while_a_zone_leaves,
         several_zones_leave_over_one_connection, a_client_that_stops_reading_is_closed,
         a_client_that_goes_away_ends_its_transfer, a_client_that_says_no_more_still_gets_its_zone,
         a_transfer_ends_on_the_configuration_it_began_with, a_transfer_ends_on_the_version_it_began_with,
         secondaries_hear_of_a_zone]
