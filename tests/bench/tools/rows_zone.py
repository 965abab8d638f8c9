"""Rows about an authoritative zone: queries over UDP and TCP, latency, loading, memory and transfers."""
import socket
import struct
import time

import peers
from measure import pss_mb
from peers import LOAD, questions, running
from rows import middle, ratios

GOALS = {"knot": 1.0, "nsd": 1.1}
NAMES = {"zone10k": 10_000, "zone1m": 1_000_000}
KINDS = {"exist": "existing", "nx": "NXDOMAIN", "mix": "mix"}
SLOW_ROUNDS = 3  # of what takes seconds a time


def servers_of(bench, zone, **more):
    peers.write_zone(zone, NAMES[zone])
    return {name: command for name, command in peers.zone_servers(bench.command, zone, **more) if name != "coredns"}


def zone(bench):
    """zones of 10,000 and 1,000,000 names against Knot and NSD"""
    for name, count in NAMES.items():
        lists = [questions(name, kind) for kind in KINDS]
        with running(servers_of(bench, name).items()) as servers:
            bench.equal(servers.values(), lists)
            rows = bench.interleaved([(each, path) for path in lists for each in servers.values()])
        for kind, what in KINDS.items():
            bench.costs_against(f"zone: {count:,} names, {what}", rows, questions(name, kind), GOALS)


def tcp(bench):
    """100 TCP connections, pipelined, against Knot"""
    mix = questions("zone10k", "mix")
    commands = servers_of(bench, "zone10k")
    commands.pop("nsd", None)
    with running(commands.items()) as servers:
        bench.equal(servers.values(), [mix])
        rows = bench.interleaved([(each, mix) for each in servers.values()], tcp=100, window=400)
    bench.costs_against("TCP: 100 connections, 4 questions in flight on each", rows, mix, {"knot": 1.1})
    bench.left_out("DoT, against dnsdist", "the load generator does not speak TLS", 1.3)


def latency(bench):
    """p99 at half load against Knot"""
    what, mix = "latency: p99 at half load ÷ Knot's", questions("zone10k", "mix")
    commands = servers_of(bench, "zone10k")
    commands.pop("nsd", None)
    if "knot" not in commands:
        return bench.left_out(what, "knot is not installed", 1.0, "≤")
    with running(commands.items()) as servers:
        bench.equal(servers.values(), [mix])
        half = min(bench.once(each, mix)["qps"] for each in servers.values()) / 2
        rows = bench.interleaved([(each, mix) for each in servers.values()], rate=half)
    p99 = {name: [{"p99": row["latency_us"]["p99"]} for row in measured] for (name, _), measured in rows.items()}
    bench.row(what, ratios(p99["project"], p99["knot"], "p99"), 1.0, "≤",
              note=f"{middle(p99['project'], 'p99'):.0f} µs, knot {middle(p99['knot'], 'p99'):.0f} µs at {half:,.0f}/s")


def load(bench):
    """loading 1,000,000 names: time and memory beside Knot's and NSD's"""
    commands = servers_of(bench, "zone1m")
    measured = {name: [] for name in commands}
    for _ in range(min(bench.rounds, SLOW_ROUNDS)):
        for name, command in commands.items():
            with running([(name, command)]) as servers:
                measured[name].append({"seconds": servers[name].ready_s, "mb": pss_mb(servers[name].pid)})
    beside(bench, "zone: load of 1,000,000 names, time", measured, "seconds", "s")
    beside(bench, "zone: memory with 1,000,000 names", measured, "mb", "MB")


def transfer(bench):
    """transfers of 1,000,000 names out of and into servers, beside Knot and NSD"""
    handing_out = "transfer {{\n    to *\n  }}\n"
    commands = servers_of(bench, "zone1m")
    kind, text = commands["project"][-1]
    commands["project"][-1] = (kind, text.replace("errors\n", "errors\n  " + handing_out))
    with running(commands.items()) as servers:
        measured = {name: [] for name in servers}
        for _ in range(min(bench.rounds, SLOW_ROUNDS)):
            for name, server in servers.items():
                measured[name].append({"seconds": axfr(server.port, NAMES["zone1m"] + 4)})
    beside(bench, "transfer: 1,000,000 names out, time", measured, "seconds", "s")
    what = "transfer: 1,000,000 names in from Knot, time from the process's start"
    if "knot" not in commands:
        return bench.left_out(what, "knot is not installed")
    lists = [questions("zone1m", kind) for kind in KINDS]
    with running([("primary", peers.knot("zone1m"))], LOAD) as primary:
        port = primary["primary"].port
        measured = {name: [] for name in commands}
        for _ in range(min(bench.rounds, SLOW_ROUNDS)):
            for name, command in servers_of(bench, "zone1m", primary=port).items():
                with running([(name, command)]) as servers:
                    measured[name].append({"seconds": servers[name].ready_s, "mb": pss_mb(servers[name].pid)})
                    bench.equal([*primary.values(), servers[name]], lists)
    beside(bench, what, measured, "seconds", "s")
    beside(bench, "transfer: memory after 1,000,000 names in", measured, "mb", "MB")


def beside(bench, what, measured, key, unit):
    """Rows without a goal: how many times as much each peer takes as the server."""
    for peer in GOALS:
        name = f"{what}: {peer}'s ÷ ours"
        if peer not in measured:
            bench.left_out(name, f"{peer} is not installed")
            continue
        mine, other = (middle(measured[each], key) for each in ("project", peer))
        bench.row(name, ratios(measured[peer], measured["project"], key),
                  note=f"{mine:.2f} {unit}, {peer} {other:.2f} {unit}")


def axfr(port, records):
    """Seconds until a whole zone has been read; `records` with the SOA record at both ends."""
    question = b"\x12\x34\0\0\0\1\0\0\0\0\0\0\7example\4test\0\0\xfc\0\1"
    begin, seen, left = time.monotonic(), 0, b""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(struct.pack(">H", len(question)) + question)
        while seen < records:
            got = connection.recv(1 << 18)
            if not got:
                break
            left, at = left + got, 0
            while len(left) >= at + 2 and len(left) >= at + 2 + (length := int.from_bytes(left[at:at + 2])):
                if left[at + 5] & 15:
                    raise SystemExit(f"a transfer is answered with rcode {left[at + 5] & 15}")
                seen += int.from_bytes(left[at + 8:at + 10])
                at += 2 + length
            left = left[at:]
    if seen != records:
        raise SystemExit(f"a transfer has {seen} records instead of {records}")
    return time.monotonic() - begin


GROUPS = {"zone": zone, "load": load, "transfer": transfer, "tcp": tcp, "latency": latency}
