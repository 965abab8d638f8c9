"""No state of the API server takes DNS down: the cases of the cluster suite in which the way to it is broken.

Each goes through a faulty proxy (proxy.py) and holds what a client of the DNS server sees against two promises: names
known before are answered all the time, and a change is right a second after the API server can be reached again."""
import json
import os
import subprocess
import threading
import time

import objects
from churn import Churn, Connections, Watcher
from cluster import DNS_TOKEN, kubeconfig
from proxy import FaultyProxy, Refusal
from server import Asking, Failed, eventually, expect, usr1

WEB, WEB_ANSWER = "web.shop.svc.cluster.local", ("NOERROR", ["10.96.7.1"])
NOTICED = 10.0  # seconds after a connection has gone silent

_count = [0]


def fresh():
    """A service of a new name and address, and the answer it gives."""
    _count[0] += 1
    name, address = f"fresh-{_count[0]}", f"10.97.{_count[0] >> 8}.{_count[0] & 255}"
    return objects.service(name, "shop", address), f"{name}.shop.svc.cluster.local", ("NOERROR", [address])


def reached(bench):
    """Seconds after the API server can be reached again: one, 0.3 for the test itself, and more on a busy machine, by
    how long a plain request takes on it."""
    begin = time.time()
    bench.api.call("GET", "/version")
    return 1.3 + 5 * (time.time() - begin)


class Behind:
    """A server that reads the cluster through a proxy, ready, with the name of an old service asked all the time."""

    def __init__(self, bench, rate=50, **more):
        self.bench, self._more, self._rate = bench, more, rate

    def __enter__(self):
        self.proxy = FaultyProxy(self.bench.cluster).__enter__()
        try:
            self.server = self.bench.server(through=self.proxy.url, **self._more).__enter__()
            self.bench.ready(self.server)
            self.asking = Asking(self.server, WEB, WEB_ANSWER, self._rate).__enter__()
        except BaseException:
            self.proxy.__exit__()
            raise
        return self

    def __exit__(self, kind, error, trace):
        self.asking.__exit__()
        try:
            self.server.__exit__(kind, error, trace)
        finally:
            self.proxy.__exit__()
        if kind is None:
            expect(self.asking.wrong[:3], [], f"{self.asking.asked} questions for a name known before")

    def change_seen(self, what, seconds):
        """Creates one service; how long until it is answered, which must be within `seconds`."""
        item, name, want = fresh()
        self.bench.api.apply(item)
        took = eventually(lambda: self.server.ask(name), want, what, seconds)
        self.bench.api.delete(item)
        self.bench.figures.append(f"{what} {took:.2f} s")


def a_watch_cut_in_mid_stream_loses_nothing(bench):
    with Behind(bench) as it:
        with Churn(bench.api, seed=1) as churn:
            for _ in range(12):
                time.sleep(0.2)
                it.proxy.cut()
        churn.check(it.server, reached(bench))
        churn.clean()
        resumed = [path for path in it.proxy.paths() if "resourceVersion=" in path]
        expect(len(resumed) >= 12, True, "watches resumed at a version")


def after_410_gone_everything_is_listed_again(bench):
    with Behind(bench) as it:
        victim, victim_name, victim_answer = fresh()
        bench.api.apply(victim)
        eventually(lambda: it.server.ask(victim_name), victim_answer, "before", 3)
        it.proxy.refusal = lambda path: Refusal(410, "Expired") if "&resourceVersion=" in path else None
        it.proxy.refuse()
        bench.api.delete(victim)
        begin = time.time()
        it.proxy.listen()
        eventually(lambda: it.server.ask(victim_name), ("NXDOMAIN", []), "what was deleted meanwhile", reached(bench))
        it.change_seen("a service created afterwards", reached(bench))
        expect(any("sendInitialEvents" in path for path in it.proxy.paths(begin)), True, "listed again")


def a_long_absence_with_compaction_and_restart_is_made_up_for(bench):
    """While nobody can be reached: changes, etcd compacted, and an API server that begins with an empty cache."""
    with Behind(bench) as it:
        victim, victim_name, victim_answer = fresh()
        bench.api.apply(victim)
        eventually(lambda: it.server.ask(victim_name), victim_answer, "before", 3)
        it.proxy.refuse()
        bench.api.delete(victim)
        with Churn(bench.api, seed=2) as churn:
            time.sleep(0.5)
        bench.cluster.stop_api_server()
        bench.cluster.start_api_server()
        bench.cluster.compact()
        expect(it.server.ask(victim_name), victim_answer, "the last state, while it is away")
        it.proxy.listen()
        begin = time.time()
        eventually(lambda: it.server.ask(victim_name), ("NXDOMAIN", []), "what was deleted meanwhile", reached(bench))
        churn.check(it.server, max(0.1, begin + reached(bench) - time.time()))
        churn.clean()


def an_api_server_that_restarts_under_churn_loses_nothing(bench):
    with Behind(bench) as it:
        with Churn(bench.api, seed=3) as churn:
            time.sleep(0.3)
            bench.cluster.stop_api_server()
            time.sleep(0.5)
            bench.cluster.start_api_server()
            it.change_seen("a change after the restart", reached(bench))
        churn.check(it.server, reached(bench))
        churn.clean()


def an_api_server_absent_at_start_is_found_within_a_second(bench):
    with FaultyProxy(bench.cluster) as proxy:
        proxy.refuse()
        with bench.server(through=proxy.url) as server:
            eventually(lambda: server.ask("beside.example", timeout=0.2), ("NOERROR", ["192.0.2.7"]), "another zone", 5)
            time.sleep(3)
            expect(server.ask(WEB), ("SERVFAIL", []), "the cluster's zone, which nobody knows yet")
            expect(server.http("PORT3", "/ready")[0], 503, "/ready")
            proxy.listen()
            eventually(lambda: server.ask(WEB), WEB_ANSWER, "after it has come", reached(bench))
            eventually(lambda: server.http("PORT3", "/ready")[0], 200, "/ready afterwards", reached(bench))


def a_connection_gone_silent_is_noticed(bench):
    """Acknowledged by the kernel, and never anything more: no probe of TCP's finds that."""
    with Behind(bench) as it:
        it.proxy.hush()
        it.change_seen("a change after the silence began", NOTICED)
        it.change_seen("the next one", reached(bench))


def a_slow_list_holds_nothing_up(bench):
    """A list that takes its time, at start and when all must be listed again; here seconds stand for a minute."""
    with FaultyProxy(bench.cluster) as proxy:
        proxy.hold = 3
        with bench.server(through=proxy.url) as server:
            eventually(lambda: server.ask("beside.example", timeout=0.2), ("NOERROR", ["192.0.2.7"]), "another zone", 2)
            eventually(lambda: server.ask(WEB), WEB_ANSWER, "once the list has come", 3 + reached(bench))
            proxy.refusal = lambda path: Refusal(410, "Expired") if "&resourceVersion=" in path else None
            with Asking(server, WEB, WEB_ANSWER, 50) as asking:
                proxy.cut()
                item, name, want = fresh()
                bench.api.apply(item)
                eventually(lambda: server.ask(name), want, "with the second list", 3 + reached(bench))
                bench.api.delete(item)
            expect(asking.wrong[:3], [], "a known name during the second list")


def a_list_slower_than_the_patience_comes_in_the_end(bench):
    with FaultyProxy(bench.cluster) as proxy:
        proxy.hold = 14  # 9 s are not enough, 18 are
        with bench.server(through=proxy.url) as server:
            eventually(lambda: server.ask(WEB), WEB_ANSWER, "the second list", 9 + 14 + 2 * reached(bench))


def refusals_are_lived_through(bench):
    with Behind(bench) as it:
        for refusal, more in ((Refusal(429, "TooManyRequests", retry_after=1), 1), (Refusal(500, "InternalError"), 0),
                              (Refusal(503, "ServiceUnavailable", retry_after=1), 1), (Refusal(403, "Forbidden"), 0)):
            it.proxy.refusal = lambda path, refusal=refusal: refusal
            it.proxy.cut()
            since = time.time()
            time.sleep(1.2)
            expect(0 < len(it.proxy.paths(since)) < 40, True, f"requests in 1.2 s of {refusal.code}")
            it.proxy.refusal = None
            it.change_seen(f"a change after {refusal.code}", more + reached(bench))
    # An hour that a proxy names must not make the answers an hour old.
    with Behind(bench) as it:
        it.proxy.refusal = lambda path: Refusal(503, "ServiceUnavailable", retry_after=3600)
        it.proxy.cut()
        time.sleep(0.5)
        it.proxy.refusal = None
        it.change_seen("a change after a Retry-After of an hour", 5 + reached(bench))


def a_proxy_that_delays_breaks_and_repeats_loses_nothing(bench):
    with Behind(bench) as it:
        for fault, value, off in (("delay", 0.05, 0), ("twice", True, False), ("break_after", 3, None)):
            setattr(it.proxy, fault, value)
            it.proxy.cut()
            with Churn(bench.api, seed=4) as churn:
                time.sleep(1.0)
            setattr(it.proxy, fault, off)
            churn.check(it.server, 1 + reached(bench))
            churn.clean()


def an_answer_is_never_older_than_the_last_event_read(bench):
    """One service's port counts up, through a proxy that repeats and cuts: what is answered only grows, and what a bare
    watcher has read long ago is answered."""
    name, rounds, late = "_http._tcp.clock.shop.svc.cluster.local", 300, 1.0
    bench.api.apply(objects.service("clock", "shop", "10.96.7.60", [("http", 1000, "TCP")]))
    with Behind(bench) as it:
        eventually(lambda: it.server.ask(name, "SRV")[0], "NOERROR", "the service", 3)
        it.proxy.twice = True
        it.proxy.cut()
        watcher, answers, end = Watcher(bench.cluster, "clock", 1000 + rounds), [], threading.Event()

        def ask():
            while not end.is_set():
                sent = time.monotonic()
                rcode, records = it.server.ask(name, "SRV")
                answers.append((sent, int(records[0].split()[2]) if len(records) == 1 else rcode))

        asker = threading.Thread(target=ask, daemon=True)
        asker.start()
        for number in range(1, rounds + 1):
            bench.api.apply(objects.service("clock", "shop", "10.96.7.60", [("http", 1000 + number, "TCP")]))
            if number % 60 == 0:
                it.proxy.cut()
        watcher.complete()
        eventually(lambda: answers[-1][1], 1000 + rounds, "the last version", late)
        end.set()
        asker.join()
    bench.api.delete(objects.service("clock", "shop", "None"))
    before = 1000
    for sent, got in answers:
        if not isinstance(got, int) or got < before:
            raise Failed(f"answered {got} after {before}")
        known = max((port for at, port in watcher.read if at <= sent - late), default=1000)
        if got < known:
            raise Failed(f"answered {got} more than {late} s after {known} was read")
        before = got
    expect(len(answers) > rounds, True, "enough questions")


def credentials_are_read_again(bench):
    """A client certificate of a new authority, then a new token; the old ones are refused at once."""
    folder = bench.cluster.folder

    def authority(name):
        for words in (["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.crt",
                       "-days", "2", "-subj", f"/CN={name}"],
                      ["req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}-dns.key", "-out", f"{name}-dns.csr",
                       "-subj", "/CN=dns"],
                      ["x509", "-req", "-in", f"{name}-dns.csr", "-CA", f"{name}.crt", "-CAkey", f"{name}.key",
                       "-CAcreateserial", "-out", f"{name}-dns.crt", "-days", "2"]):
            subprocess.run(["openssl", *words], check=True, cwd=folder, capture_output=True)
        texts = []
        for kind in ("crt", "key"):
            with open(os.path.join(folder, f"{name}-dns.{kind}")) as source:
                texts.append(source.read())
        return os.path.join(folder, f"{name}.crt"), texts[0], texts[1]

    def put(server, name, text):
        path = os.path.join(server.folder, name)
        with open(path + ".new", "w") as target:
            target.write(text)
        os.replace(path + ".new", path)

    def changed(server, what):
        item, name, want = fresh()
        bench.api.apply(item)
        eventually(lambda: server.ask(name), want, what, reached(bench))
        bench.api.delete(item)

    old, new = authority("old"), authority("new")
    with FaultyProxy(bench.cluster, client_ca=old[0]) as proxy:
        config = kubeconfig(proxy.url, "", bench.cluster.ca)
        config["users"][0]["user"] = {"client-certificate": "{DIR}/dns.crt", "client-key": "{DIR}/dns.key"}
        files = {"kubeconfig": json.dumps(config), "dns.crt": old[1], "dns.key": old[2]}
        with bench.server(files=files) as server:
            bench.ready(server)
            proxy.trust(new[0])
            time.sleep(0.5)
            expect(server.ask(WEB), WEB_ANSWER, "while the certificate is refused")
            put(server, "dns.crt", new[1])  # for a moment the two do not fit
            time.sleep(0.3)
            put(server, "dns.key", new[2])
            changed(server, "after the certificate's rotation")
    with FaultyProxy(bench.cluster) as proxy:
        good = [DNS_TOKEN]
        proxy.refusal_of_head = lambda head: None if f"Bearer {good[0]}\r\n".encode() in head else Refusal(
            401, "Unauthorized")
        config = kubeconfig(proxy.url, "", bench.cluster.ca)
        config["users"][0]["user"] = {"tokenFile": "{DIR}/token"}
        with bench.server(files={"kubeconfig": json.dumps(config), "token": DNS_TOKEN}) as server:
            bench.ready(server)
            good[0] = bench.cluster.token
            proxy.cut()
            time.sleep(0.5)
            expect(server.ask(WEB), WEB_ANSWER, "while the token is refused")
            put(server, "token", bench.cluster.token)
            changed(server, "after the token's rotation")


def a_reload_while_the_api_server_is_away_fails_no_known_name(bench):
    with Behind(bench, rate=300) as it:
        it.proxy.refuse()
        corefile = bench.plain
        for number, text in enumerate((corefile,
                                       corefile.replace("ttl 5", "ttl 7"),
                                       corefile.replace("ttl 5", "apiserver_qps 20"),
                                       corefile.replace("ttl 5", "apiserver_qps 30"))):
            it.server.write_corefile(text.replace("192.0.2.7", f"192.0.2.{30 + number}"))
            usr1(it.server)
            eventually(lambda: it.server.ask("beside.example"), ("NOERROR", [f"192.0.2.{30 + number}"]), "reloaded", 5)
            it.asking.more(50)
        it.proxy.listen()
        it.change_seen("a change after its return", reached(bench))


def many_services_come_and_go_while_questions_are_asked(bench):
    count = 10000 if bench.long else 2000
    spaces = [f"many-{number}" for number in range(4)]
    for space in spaces:
        bench.api.apply(objects.namespace(space))
    services = [(f"s{number}", spaces[number % 4], f"10.100.{number // 250}.{number % 250 + 1}")
                for number in range(count)]
    many = Connections(bench.cluster)

    def everywhere(what, want):
        begin = time.time()
        for name, space, address in services:
            eventually(lambda: bench_server.ask(f"{name}.{space}.svc.cluster.local"), want(address), f"{name} {what}",
                       max(0.05, begin + 5 - time.time()))

    with bench.server() as bench_server:
        bench.ready(bench_server)
        with Asking(bench_server, WEB, WEB_ANSWER, 300) as asking:
            many.each([("POST", f"/api/v1/namespaces/{space}/services", objects.service(name, space, address))
                       for name, space, address in services])
            everywhere("created", lambda address: ("NOERROR", [address]))
            many.each([("DELETE", f"/api/v1/namespaces/{space}/services/{name}", None) for name, space, _ in services])
            everywhere("deleted", lambda _: ("NXDOMAIN", []))
        expect((asking.wrong[:3], asking.asked > 100), ([], True), "questions asked all the time")
    for space in spaces:
        bench.api.delete(objects.namespace(space))


CASES = [a_watch_cut_in_mid_stream_loses_nothing, after_410_gone_everything_is_listed_again,
         a_long_absence_with_compaction_and_restart_is_made_up_for,
         an_api_server_that_restarts_under_churn_loses_nothing, an_api_server_absent_at_start_is_found_within_a_second,
         a_connection_gone_silent_is_noticed, a_slow_list_holds_nothing_up, refusals_are_lived_through,
         a_proxy_that_delays_breaks_and_repeats_loses_nothing, an_answer_is_never_older_than_the_last_event_read,
         credentials_are_read_again, a_reload_while_the_api_server_is_away_fails_no_known_name,
         many_services_come_and_go_while_questions_are_asked]
LONG_CASES = [a_list_slower_than_the_patience_comes_in_the_end]
