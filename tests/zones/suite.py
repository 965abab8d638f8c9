#!/usr/bin/python3
"""The server beside NSD, Knot DNS and BIND: zone transfers from them and to them, answers from the same zones, and what
is read from zone files.

    suite.py --server build/release/portolan [--only GLOB]

Each case prints `ok NAME`, `left out NAME: why` (a program is not there) or `FAILED NAME: why`."""
import argparse
import fnmatch
import functools
import json
import os
import shutil
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import answers  # noqa: E402
import every_form  # noqa: E402
import journals  # noqa: E402
import zone_files  # noqa: E402
from broken_zones import BROKEN_DATA, BROKEN_FILES  # noqa: E402
from peers import PEERS, ZONE, Failed, Key, Knot, KnotWithCatalog, KnotWithDigest, Nsd, eventually  # noqa: E402
from server import Asking, Server, expect, process, usr1  # noqa: E402
from transfers import content, expected  # noqa: E402

SECONDARY = """alder.test:{PORT} {
    errors
    root {DIR}
    secondary {
        transfer from 127.0.0.1:PEER
        store copies
    }
    transfer {
        to *
    }
}
"""
CATALOG = """.:{PORT} {
    errors
    secondary cat.test {
        transfer from 127.0.0.1:PEER
        catalog test
    }
}
"""
PRIMARY = """alder.test:{PORT} {
    errors
    file {DIR}/zone {
        reload 100ms
    }
    transfer {
        to * 127.0.0.1:PEER
    }
}
"""
KEY = Key("transfer.test.", "hmac-sha256", "X28hl0BOfAL5G0jsmJWSacrwn7YRm2f6U5brnzwWEus=")
OTHER_SECRET = "b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3Q="
RECORDS = """@ IN NS ns
@ IN MX 10 mail
ns IN A 192.0.2.1
mail IN AAAA 2001:db8::25
d IN NS ns.d
ns.d IN A 198.51.100.1
*.w IN CNAME www
_sip._tcp IN SRV 0 5 5060 www
old IN DNAME other.test.
s IN HTTPS 1 . alpn=h2 ipv4hint=192.0.2.7
c IN CAA 0 issue "ca.test"
u IN TYPE65400 \\# 4 0a000001
t IN TXT "one" "two words"
"""


def version(serial, more, refresh=3600):
    soa = f"@ IN SOA ns admin {serial} {refresh} 600 86400 30\n"
    return f"$ORIGIN {ZONE}.\n$TTL 300\n{soa}{RECORDS}{more}"


FIRST = version(1, "www IN A 192.0.2.5\nwww IN A 192.0.2.6\ngone IN TXT x\n")
SECOND = version(2, "www IN A 192.0.2.5\nnew IN TXT y\nx.y.deep IN A 192.0.2.8\n")
THIRD = version(3, "www 60 IN A 192.0.2.5\nnew IN TXT z\n@ IN TXT apex\n")
LARGE = version(9, "".join(f'h{i} IN TXT "{i} {"x" * 100}"\n' for i in range(4_000)))


def with_peer(corefile, peer):
    """The Corefile with the peer's port and, if it has one, its key, without which nobody gets anything."""
    corefile = corefile.replace("PEER", str(peer.port))
    if not peer.key:
        return corefile
    tsig = f"    tsig {{\n        secret {peer.key.name} {peer.key.secret} {peer.key.algorithm}\n    }}\n"
    address = f"127.0.0.1:{peer.port}"
    return (corefile.replace("    errors\n", "    errors\n" + tsig).replace("to * 127", "to 127")
            .replace(address, f"{address} key {peer.key.name}"))


def has(port, text, who, key=None, seconds=20):
    want = expected(text, ZONE)

    def missing():
        got = content(port, ZONE, key)
        return "no zone" if got is None else sorted(want ^ got)[:3]
    eventually(missing, [], f"records that {who} has other than the zone file", seconds)


def lines(server, words):
    return [line for line in process.log_text(server.folder).splitlines() if words in line]


def comes_from(peer_class, binary, folder, key=None):
    """The zone comes whole, then in changes when the primary tells; and a start without it finds the copy."""
    server = Server(binary, "", {})
    os.mkdir(os.path.join(server.folder, "copies"))
    peer = peer_class(folder, True, server.port, key)
    server.write_corefile(with_peer(SECONDARY, peer))
    peer.set_zone(FIRST)
    with peer:
        peer.serving()
        if key:
            expect(content(peer.port, ZONE), None, "what the primary hands out without the key")
        with server:
            server.listening()
            has(server.port, FIRST, "portolan")
            for number, text in ((2, SECOND), (3, THIRD)):
                peer.set_zone(text)
                has(server.port, text, f"portolan, of serial {number},")
                expect(len(lines(server, "changes, ")), number - 1, "transfers of changes alone")
            expect(server.ask("www.alder.test"), ("NOERROR", ["192.0.2.5"]), "the answer")
            kept = os.path.join(folder, "copies")
            shutil.copytree(os.path.join(server.folder, "copies"), kept)
    peer.process = None
    late = Server(binary, with_peer(SECONDARY, peer))
    shutil.copytree(kept, os.path.join(late.folder, "copies"))
    with late:
        late.listening()
        eventually(lambda: late.ask("www.alder.test"), ("NOERROR", ["192.0.2.5"]), "without the primary", 5)
        has(late.port, THIRD, "portolan, from its copy,")


def goes_to(peer_class, binary, folder, key=None):
    """The peer fetches the zone and each new version, of which it is told."""
    server = Server(binary, "", {"zone": FIRST})
    peer = peer_class(folder, False, server.port, key)
    server.write_corefile(with_peer(PRIMARY, peer))
    with server:
        server.listening()
        if key:
            expect(content(server.port, ZONE), None, "what portolan hands out without the key")
        with peer:
            peer.serving()
            has(peer.port, FIRST, peer.program, key)
            for text in (SECOND, THIRD):
                path = os.path.join(server.folder, "zone")
                with open(path + ".new", "w") as target:
                    target.write(text)
                os.replace(path + ".new", path)
                has(peer.port, text, peer.program, key)


def large_zone_passes_through(peer_class, binary, folder, key=None):
    """From the peer, through the server, and out of it again: many messages each time."""
    server = Server(binary, "", {})
    os.mkdir(os.path.join(server.folder, "copies"))
    peer = peer_class(folder, True, server.port, key)
    server.write_corefile(with_peer(SECONDARY, peer))
    peer.set_zone(LARGE)
    with peer:
        peer.serving()
        with server:
            server.listening()
            has(server.port, LARGE, "portolan")


def wrong_key_is_told(peer_class, binary, folder):
    """With another secret, and with a key that the peer has not, nothing is taken, and the log says why."""
    peer = peer_class(folder, True, 1, KEY)
    peer.set_zone(FIRST)
    corefile = with_peer(SECONDARY.replace("        store copies\n", ""), peer)
    with peer:
        peer.serving()
        for wrong, words in ((corefile.replace(KEY.secret, OTHER_SECRET),
                              f'it answers BADSIG: its secret of key "{KEY.name}" is another'),
                             (corefile.replace(KEY.name, "nobody.test."),
                              'it answers BADKEY: it has no key "nobody.test." for hmac-sha256.')):
            with Server(binary, wrong, {}) as server:
                server.listening()
                eventually(lambda: len(lines(server, words)) > 0, True, words, 20)
                expect(server.ask("www.alder.test"), ("SERVFAIL", []), "the answer")
                expect(lines(server, OTHER_SECRET) + lines(server, KEY.secret), [], "secrets in the log")


def digest_fits(peer_class, binary, folder):
    """The peer puts a ZONEMD record into the zone; it is compared with what has come, whole and in changes."""
    server = Server(binary, "", {})
    os.mkdir(os.path.join(server.folder, "copies"))
    peer = peer_class(folder, True, server.port)
    server.write_corefile(SECONDARY.replace("PEER", str(peer.port)).replace("store copies", "zonemd"))
    peer.set_zone(FIRST)
    with peer:
        peer.serving()
        with server:
            server.listening()
            for text, address in ((FIRST, ["192.0.2.5", "192.0.2.6"]), (SECOND, ["192.0.2.5"])):
                peer.set_zone(text)
                eventually(lambda: server.ask("www.alder.test"), ("NOERROR", address), "the answer", 20)
                expect(len([each for each in content(server.port, ZONE) if each[2] == "ZONEMD"]), 1, "digests")
            expect(lines(server, "ZONEMD"), [], "complaints")


def catalog_is_followed(peer_class, binary, folder):
    """The zone that a catalog lists is served, no longer when it is taken out, and again."""
    server = Server(binary, "", {})
    peer = peer_class(folder, True, server.port)
    server.write_corefile(CATALOG.replace("PEER", str(peer.port)))
    peer.set_zone(FIRST)
    with peer:
        peer.serving()
        with server:
            server.listening()
            served, gone = ("NOERROR", ["192.0.2.5", "192.0.2.6"]), ("REFUSED", [])
            eventually(lambda: server.ask("www.alder.test"), served, "the answer", 20)
            peer.keep_zone(False)
            eventually(lambda: server.ask("www.alder.test"), gone, "once it is not listed", 20)
            peer.keep_zone(True)
            eventually(lambda: server.ask("www.alder.test"), served, "once it is listed again", 20)


def reload_keeps_the_zone(peer_class, binary, folder):
    """The Corefile is read again while the primary is away: every question is answered meanwhile."""
    server = Server(binary, "", {})
    os.mkdir(os.path.join(server.folder, "copies"))
    peer = peer_class(folder, True, server.port)
    corefile = SECONDARY.replace("PEER", str(peer.port))
    server.write_corefile(corefile)
    peer.set_zone(FIRST)
    with server:
        server.listening()
        with peer:
            peer.serving()
            has(server.port, FIRST, "portolan")
        with Asking(server, "new.alder.test", ("NXDOMAIN", [])) as asking:
            for number, text in enumerate((
                    corefile.replace("    errors\n", "    errors\n    log\n"),
                    corefile.replace("    errors\n", "    errors\n    loadbalance\n"),
                    corefile.replace(f":{peer.port}", ":1"))):  # another primary, which is not there
                server.write_corefile(text)
                usr1(server)
                eventually(lambda: len(lines(server, "Reloading complete")), number + 1, "reloads")
                asking.more(50)
        expect(asking.wrong[:3], [], f"wrong answers of {asking.asked}")


CASES = [(f"{case.__name__}_{peer.__name__.lower()}", case, peer)
         for peer in PEERS for case in (comes_from, goes_to, large_zone_passes_through)]
CASES += [(f"{case.__name__}_{peer.__name__.lower()}_with_a_key", functools.partial(case, key=KEY), peer)
          for peer in PEERS for case in (comes_from, goes_to, large_zone_passes_through)]
CASES += [(f"wrong_key_is_told_{peer.__name__.lower()}", wrong_key_is_told, peer) for peer in PEERS]
CASES += [(f"{case.__name__}_{peer.__name__.lower()}", case, peer)
          for peer in PEERS for case in (journals.changes_go_to, journals.changes_pass_through)]
CASES += [("digest_fits_knot", digest_fits, KnotWithDigest),
          ("catalog_is_followed_knot", catalog_is_followed, KnotWithCatalog),
          ("reload_keeps_the_zone_knot", reload_keeps_the_zone, Knot)]
CASES += [(f"same_answers_{how}_{peer.__name__.lower()}", functools.partial(answers.same_answers, how=how), peer)
          for peer in (Knot, Nsd) for how in answers.SIGNED]
TEXTS = {"first": FIRST, "second": SECOND, "third": THIRD, "large": LARGE, "journal": journals.version(1),
         "every form": every_form.zone(), "no TTL": zone_files.NO_TTL}
CASES += [("zone_files_of_golden", zone_files.of_golden, zone_files.Checkzone),
          ("zone_files_of_tests", functools.partial(zone_files.of_tests, texts=TEXTS), zone_files.Checkzone),
          ("broken_zone_files", functools.partial(zone_files.broken, table=BROKEN_FILES), zone_files.Checkzone),
          ("broken_data_in_zone_files", functools.partial(zone_files.broken, table=BROKEN_DATA), zone_files.Checkzone)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--only", default="*", metavar="GLOB")
    parser.add_argument("--counts", help="write the counts to this file as JSON")
    options = parser.parse_args()
    binary = os.path.abspath(options.server)
    passed = failed = 0
    for name, case, peer in CASES:
        if not fnmatch.fnmatch(name, options.only):
            continue
        if not peer.available():
            print(f"left out {name}: {peer.program} is not there", flush=True)
            continue
        begin = time.time()
        folder = tempfile.mkdtemp(prefix="portolan-zones-")
        try:
            case(peer, binary, folder)
            passed += 1
            print(f"ok {name} ({time.time() - begin:.1f} s)", flush=True)
        except answers.LeftOut as why:
            print(f"left out {name}: {why}", flush=True)
        except Failed as why:
            failed += 1
            print(f"FAILED {name}: {why}", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED {name}: {traceback.format_exc()}", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"zones: {passed + failed} cases, {failed} failed")
    if options.counts:
        with open(options.counts, "w") as target:
            json.dump({"passed": passed, "failed": failed}, target)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
