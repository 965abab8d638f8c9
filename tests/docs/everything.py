"""A server with everything on that counts something: asked a little of everything, then scraped.

Directives that are not built drop out of the Corefile, so that each takes its part as soon as it is there."""
import re
import time

from documents import text_of
from observed_suite import without_unbuilt
from server import Failed, Server, Upstream, eventually

COREFILE = """.:{PORT} {
    bind 127.0.0.1
    metadata
    reload 2s 0s
    shed
    ready 127.0.0.1:{PORT3}
    health 127.0.0.1:{PORT4}
    prometheus 127.0.0.1:{PORT2} {
        runtime_metrics
    }
    errors
    log
    local
    dns64 {
        allow_ipv4
    }
    loadbalance
    autopath miss.test {DIR}/resolv.conf
    acl known.test {
        block type HINFO net 127.0.0.1
        filter type LOC net 127.0.0.1
        drop type RP net 127.0.0.1
        allow
    }
    cache 1 {
        success 1024 1 1
        prefetch 1
        serve_stale
    }
    dnssec template.test {
        key file {DIR}/Ktemplate.test
    }
    template IN TXT template.test {
        answer "{{ .Name }} 5 IN TXT hello"
    }
    template IN TXT broken.test {
        answer "{{ .Name }} 5 IN NOTHING hello"
    }
    template IN TXT failing.test {
        answer "{{ .Message }}"
    }
    hosts {
        192.0.2.7 host.test
        fallthrough
    }
    kubernetes cluster.local {
        manifests {DIR}/cluster.yaml
    }
    forward dead.test 127.0.0.1:1 {
        max_fails 1
        health_check 100ms
    }
    forward . 127.0.0.1:UPSTREAM
}
"""
CLUSTER = """apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.7.1, ports: [{name: http, port: 80}]}
"""
# The key of RFC 8080's example.
KEY = "template.test. IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=\n"
SECRET = ("Private-key-format: v1.2\nAlgorithm: 15 (ED25519)\n"
          "PrivateKey: ODIyNjAzODQ2MjgwODAxMjI2NDUxOTAyMDQxNDIyNjI=\n")
FILES = {"cluster.yaml": CLUSTER, "resolv.conf": "search miss.test known.test\n", "Ktemplate.test.key": KEY,
         "Ktemplate.test.private": SECRET}
QUESTIONS = (("www.known.test", "A"), ("www.known.test", "A"), ("www.known.test", "AAAA"), ("www.known.test", "HINFO"),
             ("www.known.test", "LOC"), ("a.miss.test", "A"), ("host.test", "A"), ("localhost", "A"),
             ("www.template.test", "TXT"), ("www.broken.test", "TXT"),
             ("www.failing.test", "TXT"), ("web.shop.svc.cluster.local", "A"),
             ("nosuch.test", "A"), ("www.dead.test", "A"))


class Seen:
    """One family of a scrape."""

    def __init__(self, kind, labels, buckets):
        self.kind, self.labels, self.buckets = kind, labels, buckets


def scrape(binary):
    """{name: Seen}"""
    listed = re.findall(r"^([a-z0-9_]+):(\S+)", text_of("plugins/plugin.cfg"), re.M)
    built, known = {name for name, folder in listed if folder != "-"}, {name for name, _ in listed}
    upstream = Upstream("203.0.113.9", zone="known.test")
    try:
        text = without_unbuilt(COREFILE, built, known).replace("UPSTREAM", str(upstream.port))
        with Server(binary, text, FILES) as server:
            server.listening()
            for name, kind in QUESTIONS:
                if server.ask(name, kind)[0] == "TIMEOUT":
                    raise Failed(f"no answer to {name} {kind}")
            server.ask("www.known.test", "RP", timeout=0.2)  # dropped, where there is acl
            for name in ("www.known.test", "a.template.test", "A.template.test"):  # signed once, found once
                server.dig(name, "TXT" if "template" in name else "A", words=["+dnssec"])
            server.http("PORT4", "/health")
            eventually(lambda: "coredns_proxy_healthcheck_failures_total" in server.http("PORT2", "/metrics")[1], True,
                       "a health check that failed", 10)
            time.sleep(1.1)  # what was answered is stale now
            server.ask("www.known.test", "A")
            server.write_corefile(text.replace("hello", "good bye"))
            for name in ("coredns_cache_served_stale_total", "coredns_reload_version_info"):
                eventually(lambda name=name: name in server.http("PORT2", "/metrics")[1], True, name, 10)
            return families(server.http("PORT2", "/metrics")[1])
    finally:
        upstream.close()


def families(text):
    seen = {}
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)", text, re.M):
        samples = re.findall(rf"^{name}(?:_bucket|_sum|_count)?(?:\{{(.*)\}})? \S+$", text, re.M)
        labels = {label for sample in samples for label in re.findall(r'(\w+)="(?:[^"\\]|\\.)*"', sample)}
        bounds = {float(bound) for sample in samples for bound in re.findall(r'\ble="([^"]*)"', sample)}
        seen[name] = Seen(kind, sorted(labels - {"le"}), sorted(bounds - {float("inf")}))
    return seen
