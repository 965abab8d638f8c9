#!/usr/bin/python3
"""The etcd plugin in front of a real etcd: changes, restarts, lost history, members that fail, rights, TLS, leases.

One function a case, each prints `ok NAME` or `FAILED NAME: why`.

    suite.py --server build/release/portolan [--only GLOB]"""
import argparse
import fnmatch
import json
import os
import signal
import socket
import sys
import time
import traceback
import urllib.error

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from members import Etcd, encoded  # noqa: E402
from message import build_query, parse_msg  # noqa: E402
from server import Asking, Failed, Server, eventually, expect  # noqa: E402

PLAIN = "org:{PORT} {\n prometheus 127.0.0.1:{PORT2}\n errors\n etcd {\n  endpoint %s\n  %s\n }\n}\n"
WWW = "/skydns/org/www"


def host(address, **more):
    return {"host": address, "ttl": 9, **more}


def serving(binary, etcd, options="", urls=None):
    return Server(binary, PLAIN % (urls or etcd.urls, options))


def answers(server, address, seconds=5.0, name="www.org"):
    """Until A questions for `name` are answered with `address`, which is None for NXDOMAIN."""
    want = ("NXDOMAIN", []) if address is None else ("NOERROR", [address])
    return eventually(lambda: server.ask(name), want, f"the answer for {name}", seconds)


def metric(server, name):
    for line in server.http("PORT2", "/metrics")[1].splitlines():
        if line.startswith(name + "{"):
            return float(line.rsplit(" ", 1)[1])
    return None


def a_put_and_a_deletion_are_answered_within_a_second(binary):
    with Etcd() as etcd, serving(binary, etcd) as server:
        server.listening()
        answers(server, None)
        for number in range(1, 20):
            etcd.put(WWW, host(f"192.0.2.{number}"))
            answers(server, f"192.0.2.{number}", 1.0)
        etcd.delete(WWW)
        answers(server, None, 1.0)
        etcd.put(WWW + "/a", host("192.0.2.1"))
        answers(server, "192.0.2.1", 1.0)
        expect(metric(server, "portolan_etcd_connected"), 1.0, "portolan_etcd_connected")
        expect(metric(server, "portolan_etcd_keys"), 1.0, "portolan_etcd_keys")


def thousands_of_keys_and_changes_all_arrive(binary):
    with Etcd() as etcd:
        etcd.change_many({f"/skydns/org/n{number}": host(f"192.0.2.{number % 250 + 1}") for number in range(2300)})
        with serving(binary, etcd) as server:
            server.listening()
            answers(server, "192.0.2.50", name="n2299.org")
            etcd.change_many({}, [f"/skydns/org/n{number}" for number in range(0, 2300, 2)])
            answers(server, None, name="n2298.org")
            expect(metric(server, "portolan_etcd_keys"), 1150.0, "portolan_etcd_keys")
            for number in range(0, 2300, 100):
                expect(server.ask(f"n{number}.org")[0], "NXDOMAIN", f"n{number}")
                expect(server.ask(f"n{number + 1}.org")[0], "NOERROR", f"n{number + 1}")


def values_that_are_huge_do_not_get_in_the_way(binary):
    big = {"host": "192.0.2.7", "text": "x" * 1_200_000}
    with Etcd() as etcd:
        for number in range(45):
            etcd.put(f"/skydns/org/big/{number}", big)
        etcd.put(WWW, host("192.0.2.1"))
        with serving(binary, etcd) as server:
            server.listening()
            answers(server, "192.0.2.1", 60.0)
            expect(metric(server, "portolan_etcd_keys"), 46.0, "portolan_etcd_keys")
            server.signal(signal.SIGSTOP)  # so that it has all of this to make up for
            etcd.restart()
            for number in range(45):
                etcd.put(f"/skydns/org/big/{number}", big)
            etcd.put(WWW, host("192.0.2.2"))
            server.signal(signal.SIGCONT)
            answers(server, "192.0.2.2", 60.0)


def answers_stay_while_etcd_restarts(binary):
    with Etcd() as etcd, serving(binary, etcd) as server:
        etcd.put(WWW, host("192.0.2.1"))
        server.listening()
        answers(server, "192.0.2.1")
        with Asking(server, "www.org", ("NOERROR", ["192.0.2.1"])) as asking:
            etcd.stop()
            asking.more(100)
            eventually(lambda: metric(server, "portolan_etcd_connected"), 0.0, "portolan_etcd_connected")
            etcd.restart()
            asking.more(100)
        expect(asking.wrong, [], "answers during the restart")
        etcd.put(WWW, host("192.0.2.2"))
        answers(server, "192.0.2.2", 3.0)
        eventually(lambda: metric(server, "portolan_etcd_connected"), 1.0, "portolan_etcd_connected")


def history_that_is_gone_is_made_up_for(binary):
    with Etcd() as etcd, serving(binary, etcd) as server:
        etcd.put(WWW, host("192.0.2.1"))
        etcd.put("/skydns/org/old", host("192.0.2.9"))
        server.listening()
        answers(server, "192.0.2.9", name="old.org")
        server.signal(signal.SIGSTOP)  # so that it misses all of this
        etcd.restart()
        etcd.put(WWW, host("192.0.2.2"))
        etcd.delete("/skydns/org/old")
        etcd.compact()
        server.signal(signal.SIGCONT)
        answers(server, "192.0.2.2")
        answers(server, None, name="old.org")


def another_store_in_the_same_place_is_noticed(binary):
    with Etcd() as etcd, serving(binary, etcd) as server:
        for number in range(20):
            etcd.put(f"/skydns/org/n{number}", host("192.0.2.1"))
        server.listening()
        answers(server, "192.0.2.1", name="n19.org")
        etcd.wipe()
        etcd.put(WWW, host("192.0.2.2"))
        answers(server, "192.0.2.2")
        answers(server, None, name="n19.org")


def the_next_member_takes_over_when_one_dies(binary):
    with Etcd(3) as etcd, serving(binary, etcd) as server:
        first, second, third = etcd.members
        second.put(WWW, host("192.0.2.1"))
        server.listening()
        answers(server, "192.0.2.1")
        first.stop()
        third.put(WWW, host("192.0.2.2"), patience=30)
        answers(server, "192.0.2.2")
        second.stop()  # no majority is left: what was known goes on
        time.sleep(0.2)
        answers(server, "192.0.2.2")
        etcd.start(first)
        third.put(WWW, host("192.0.2.3"), patience=30)
        answers(server, "192.0.2.3", 15.0)


def a_member_that_hangs_is_left_within_fifteen_seconds(binary):
    with Etcd(3) as etcd, serving(binary, etcd) as server:
        first, second, _ = etcd.members
        second.put(WWW, host("192.0.2.1"))
        server.listening()
        answers(server, "192.0.2.1")
        first.stop(signal.SIGSTOP)  # its connections stay open
        second.put(WWW, host("192.0.2.2"), patience=30)
        answers(server, "192.0.2.2", 15.0)


def an_etcd_that_comes_later_is_found_and_others_do_not_wait(binary):
    with Etcd() as etcd:
        etcd.put(WWW, host("192.0.2.1"))
        etcd.stop()
        with serving(binary, etcd) as server:
            begin = time.time()
            server.listening()
            if time.time() - begin > 3:
                raise Failed("the server waited for etcd")
            expect(server.ask("www.org")[0], "SERVFAIL", "before etcd is there")
            expect(server.ask("org", "SOA")[0], "NOERROR", "the SOA")
            etcd.restart()
            answers(server, "192.0.2.1")


def a_user_with_the_right_to_read_is_enough(binary):
    with Etcd() as etcd:
        etcd.put(WWW, host("192.0.2.1"))
        for api, body in (("user/add", {"name": "root", "password": "r"}), ("role/add", {"name": "root"}),
                          ("user/grant", {"user": "root", "role": "root"}),
                          ("user/add", {"name": "dns", "password": "d\"\u00e4"}), ("role/add", {"name": "reads"}),
                          ("role/grant", {"name": "reads", "perm": {
                              "permType": "READ", "key": encoded("/skydns/org/"),
                              "range_end": encoded("/skydns/org0")}}),
                          ("user/grant", {"user": "dns", "role": "reads"}), ("auth/enable", {})):
            etcd.call("auth/" + api if api != "auth/enable" else api, body)
        etcd.authenticate("root", "r")
        with serving(binary, etcd, 'credentials dns "d\\"\u00e4"') as server:
            server.listening()
            answers(server, "192.0.2.1")
            etcd.put(WWW, host("192.0.2.2"), lease=etcd.lease(600))
            answers(server, "192.0.2.2", 1.0)
            etcd.restart()  # tokens are forgotten
            etcd.authenticate("root", "r")
            etcd.put(WWW, host("192.0.2.3"))
            answers(server, "192.0.2.3")
        for credentials in ("credentials dns wrong", ""):
            with serving(binary, etcd, credentials) as server:
                server.listening()
                expect(server.ask("www.org")[0], "SERVFAIL", f"with '{credentials}'")


def tls_with_a_client_certificate_works_and_nothing_less(binary):
    with Etcd(with_tls=True) as etcd:
        etcd.put(WWW, host("192.0.2.1"))
        ca, certificate, key = etcd.path("ca.crt"), etcd.path("client.crt"), etcd.path("client.key")
        with serving(binary, etcd, f"tls {certificate} {key} {ca}") as server:
            server.listening()
            answers(server, "192.0.2.1")
            etcd.put(WWW, host("192.0.2.2"))
            answers(server, "192.0.2.2", 1.0)
        other = etcd.path("other-ca.crt")
        for options in (f"tls {ca}", f"tls {certificate} {key} {other}", f"tls {certificate} {key}", "tls", ""):
            with serving(binary, etcd, options) as server:
                server.listening()
                expect(server.ask("www.org")[0], "SERVFAIL", f"with '{options}'")
        # An endpoint without a scheme is spoken to with TLS when `tls` is there.
        bare = etcd.urls.replace("https://", "")
        with serving(binary, etcd, f"tls {certificate} {key} {ca}", bare) as server:
            server.listening()
            answers(server, "192.0.2.2")


def a_lease_gives_the_ttl_and_its_end_takes_the_key_away(binary):
    with Etcd() as etcd, serving(binary, etcd, "min-lease-ttl 2\n  max-lease-ttl 1m") as server:
        server.listening()
        short, long = etcd.lease(3), etcd.lease(500)
        etcd.put(WWW, {"host": "192.0.2.1"}, lease=short)
        etcd.put("/skydns/org/long", {"host": "192.0.2.2"}, lease=long)
        answers(server, "192.0.2.1", 1.0)
        eventually(lambda: ttl_of(server, "long.org"), 60, "the TTL of a long lease", 3)
        expect(ttl_of(server, "www.org") in (2, 3), True, "the TTL of a short lease")
        answers(server, None, 10.0)
        expect(ttl_of(server, "long.org"), 60, "the TTL of a long lease")


def ttl_of(server, name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.sendto(build_query({"qname": name, "qtype": "A"})[0], ("127.0.0.1", server.port))
        answer = parse_msg(s.recv(65535))["answer"]
    return int(answer[0].split(" ")[1]) if answer else None


def a_reload_keeps_what_is_known(binary):
    with Etcd() as etcd, serving(binary, etcd) as server:
        etcd.put(WWW, host("192.0.2.1"))
        server.listening()
        answers(server, "192.0.2.1")
        with Asking(server, "www.org", ("NOERROR", ["192.0.2.1"])) as asking:
            asking.more(50)
            server.signal(signal.SIGUSR1)
            asking.more(100)
            etcd.stop()
            server.signal(signal.SIGUSR1)  # the section is the same: the state stays
            asking.more(100)
            server.write_corefile(PLAIN % (etcd.urls + " http://127.0.0.1:1", ""))
            server.signal(signal.SIGUSR1)  # it is not, but what is new cannot be read yet
            asking.more(100)
        expect(asking.wrong, [], "answers during the reloads")
        etcd.restart()
        etcd.put(WWW, host("192.0.2.2"))
        answers(server, "192.0.2.2")


CASES = [a_put_and_a_deletion_are_answered_within_a_second, thousands_of_keys_and_changes_all_arrive,
         values_that_are_huge_do_not_get_in_the_way,
         answers_stay_while_etcd_restarts, history_that_is_gone_is_made_up_for,
         another_store_in_the_same_place_is_noticed, the_next_member_takes_over_when_one_dies,
         a_member_that_hangs_is_left_within_fifteen_seconds, an_etcd_that_comes_later_is_found_and_others_do_not_wait,
         a_user_with_the_right_to_read_is_enough, tls_with_a_client_certificate_works_and_nothing_less,
         a_lease_gives_the_ttl_and_its_end_takes_the_key_away, a_reload_keeps_what_is_known]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--only", default="*", metavar="GLOB")
    parser.add_argument("--counts", help="write the counts to this file as JSON")
    options = parser.parse_args()
    binary = os.path.abspath(options.server)
    failed = ran = 0
    for case in CASES:
        if not fnmatch.fnmatch(case.__name__, options.only):
            continue
        ran += 1
        begin = time.time()
        try:
            case(binary)
            print(f"ok {case.__name__} {time.time() - begin:.1f} s", flush=True)
        except Failed as why:
            failed += 1
            print(f"FAILED {case.__name__}: {why}", flush=True)
        except urllib.error.HTTPError as error:
            failed += 1
            print(f"FAILED {case.__name__}: {error}: {error.read().decode()}", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED {case.__name__}: {traceback.format_exc()}", flush=True)
    print(f"etcd: {ran} cases, {failed} failed")
    if options.counts:
        with open(options.counts, "w") as target:
            json.dump({"passed": ran - failed, "failed": failed}, target)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
