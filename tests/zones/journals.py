"""Changes alone go to secondaries (IXFR, RFC 1995) out of a journal: as NSD, Knot DNS and BIND take them, as dig and
kdig print them, and after a restart too."""
import os
import shutil
import subprocess

from peers import ZONE, eventually
from server import Server, expect, process
from transfers import content, expected

COREFILE = """alder.test:{PORT} {
    errors
    file {DIR}/zone {
        reload 50ms
    }
    transfer {
        to * 127.0.0.1:PEER
        journal {DIR}/journals
    }
}
"""
SECONDARY = """alder.test:{PORT} {
    errors
    secondary {
        transfer from 127.0.0.1:PEER
    }
    transfer {
        to *
        journal
    }
}
"""
HOSTS = "".join(f"h{i} A 192.0.2.{i}\n" for i in range(60))


def version(serial):
    """Of a zone in which an address, a text and a TTL are others each time."""
    return (f"$ORIGIN {ZONE}.\n$TTL 300\n@ SOA ns admin {serial} 3600 600 86400 30\n@ NS ns\nns A 192.0.2.1\n{HOSTS}"
            f"ttl {300 + serial} A 192.0.2.200\n"
            f'www A 192.0.2.{100 + serial}\nn{serial} TXT "{serial}"\n')


def steps(first, last):
    """An IXFR answer: the serials of SOA records, and of what goes and comes, in order."""
    wanted = [f"SOA {last}"]
    for serial in range(first, last):
        for each in (serial, serial + 1):
            wanted += [f"SOA {each}", f"n{each} TXT", "ttl A 192.0.2.200", f"www A 192.0.2.{100 + each}"]
    return wanted + [f"SOA {last}"]


def printed(program, port, serial):
    """What dig or kdig prints for IXFR=serial, as steps() has it."""
    command = [program, "@127.0.0.1", "-p", str(port), "+noall", "+answer", "+time=5", ZONE, f"IXFR={serial}"]
    found = []
    for line in subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.splitlines():
        fields = line.split()
        if len(fields) < 5 or line.startswith(";"):
            continue
        owner, kind = fields[0].split(".")[0], fields[3]
        found.append({"SOA": f"SOA {fields[6] if kind == 'SOA' else ''}", "A": f"{owner} A {fields[4]}"}.get(
            kind, f"{owner} {kind}"))
    return found


def put(server, text):
    path = os.path.join(server.folder, "zone")
    with open(path + ".new", "w") as target:
        target.write(text)
    os.replace(path + ".new", path)


def has(port, serial, who):
    """Waits until that server hands out this version."""
    want = expected(version(serial), ZONE)
    eventually(lambda: content(port, ZONE) == want, True, f"{who} has serial {serial}", 20)


def sent(server, whole, changes):
    """Waits until the log tells of so many transfers of whole zones and of changes, and expects no others."""
    def count(kind):
        return sum(f"Outgoing {kind} of " in line for line in process.log_text(server.folder).splitlines())
    eventually(lambda: (count("transfer"), count("incremental transfer")), (whole, changes),
               "transfers, whole and of changes", 5)


def changes_go_to(peer_class, binary, folder):
    """The peer fetches the zone once, then what has changed, also what has while it was away and before a restart."""
    server = Server(binary, "", {"zone": version(1)})
    os.mkdir(os.path.join(server.folder, "journals"))
    peer = peer_class(folder, False, server.port)
    server.write_corefile(COREFILE.replace("PEER", str(peer.port)))
    with server:
        server.listening()
        with peer:
            peer.serving()
            has(peer.port, 1, peer.program)
            for serial in (2, 3, 4):
                put(server, version(serial))
                has(peer.port, serial, peer.program)
                sent(server, 1, serial - 1)
            if peer.program == "knotd":
                expect("IXFR, incoming" in process.log_text(peer.folder, "log"), True, "the peer's own word for it")
        for serial in (5, 6):
            put(server, version(serial))
            has(server.port, serial, "portolan")
        restart(server)
        asked = [(program, serial) for program in ("dig", "kdig") if shutil.which(program) for serial in (1, 4, 5)]
        for program, serial in asked:
            expect(printed(program, server.port, serial), steps(serial, 6), f"{program} IXFR={serial}")
        sent(server, 0, len(asked))
        if peer.program == "nsd":
            return  # it writes its zone an hour later, so that it starts with none
        with peer:
            has(peer.port, 6, peer.program)
            sent(server, 0, len(asked) + 1)


def changes_pass_through(peer_class, binary, folder):
    """What a primary has changed goes on to secondaries as changes, however it has come."""
    server = Server(binary, "", {})
    peer = peer_class(folder, True, server.port)
    server.write_corefile(SECONDARY.replace("PEER", str(peer.port)))
    peer.set_zone(version(1))
    with peer:
        peer.serving()
        with server:
            server.listening()
            for serial in (1, 2, 3):
                peer.set_zone(version(serial))
                has(server.port, serial, "portolan")
            expect(printed("dig", server.port, 1), steps(1, 3), "dig IXFR=1")


def restart(server):
    """A new process with the same folder and port, and a log of its own."""
    process.stop(server.process, 10)
    server.__enter__()
    server.listening()
