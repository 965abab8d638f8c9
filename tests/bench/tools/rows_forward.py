"""Rows about answers from elsewhere: cache hits, and forwarding."""
import os

import peers
from measure import blast, precise
from peers import LOAD, questions, running

CACHED = {"zone10k": 10_000, "zone1m": 1_000_000}
CACHE_GOALS = {"unbound": 1.15, "dnsdist": 1.15}
FORWARD_GOALS = {"dnsdist": 1.35, "coredns": 4.0}
QUIET = 0.02  # the share of a core that the upstream may take while every answer comes from a cache


def upstream(zone, names):
    """A server of the zone on the load's core."""
    peers.write_zone(zone, names)
    command = peers.knot(zone) if peers.have("knotd") else peers.udpecho(f"{peers.TMP}/{zone}.hash")
    return running([("upstream", command)], LOAD)


def cache(bench):
    """cache hits with 10,000 and 1,000,000 names against Unbound and dnsdist"""
    for zone, names in CACHED.items():
        what, asked = f"cache: hits, {names:,} names", questions(zone, "exist")
        with upstream(zone, names) as above:
            source = above["upstream"]
            commands = [pair for pair in peers.forwarders(bench.command, source.port, names) if pair[0] != "coredns"]
            with running(commands) as servers:
                for server in servers.values():
                    fill(server, asked, names)
                bench.equal(servers.values(), [asked])
                before = precise(source.pid)
                rows = bench.interleaved([(each, asked) for each in servers.values()])
                seconds = sum(row["seconds"] for each in rows.values() for row in each)
                busy = (precise(source.pid) - before) / 1e9 / seconds
        bench.costs_against(what, rows, asked, CACHE_GOALS)
        if busy > QUIET:
            bench.faults.append(f"{what}: the upstream was asked, too ({busy:.0%} of a core)")


def fill(server, asked, names):
    """Asks for each name, until none gets lost."""
    for _ in range(5):
        lost = blast(["-p", str(server.port), "-d", asked, "-n", str(names), "-q", "64", "-l", "300"], LOAD)["lost"]
        if not lost:
            return
    raise SystemExit(f"{server.name} loses {lost} of {names} questions while its cache is filled")


def forward(bench):
    """every question goes upstream, against dnsdist, and CoreDNS where COREDNS names it"""
    with upstream("zone10k", CACHED["zone10k"]) as above:
        asked = questions("zone10k", "exist")
        with running(peers.forwarders(bench.command, above["upstream"].port)) as servers:
            servers.pop("unbound", None)
            bench.equal(servers.values(), [asked])
            rows = bench.interleaved([(each, asked) for each in servers.values()], steady=False)
    what, goals = "forward: every question a miss", dict(FORWARD_GOALS)
    if not os.environ.get("COREDNS"):
        bench.left_out(f"{what}, against coredns", "COREDNS names no binary", goals.pop("coredns"))
    bench.costs_against(what, rows, asked, goals)


GROUPS = {"cache": cache, "forward": forward}
