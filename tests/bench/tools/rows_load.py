"""Rows about load: CPU below saturation and at rest, and two workers on two cores."""
import concurrent.futures
import os
import re
import subprocess
import time

import peers
import rows_kubernetes as kubernetes
from measure import blast, calm, precise
from peers import LOAD, TMP, running, start
from rows import middle, ratios

IDLE_SECONDS = 10


def rates(bench):
    """CPU an answer at 50 % and 5 % of the saturating rate"""
    mix = kubernetes.questions(kubernetes.SERVICES, "mix")
    text = kubernetes.plain(kubernetes.SERVICES)
    commands = [kubernetes.echo(kubernetes.SERVICES), kubernetes.server(bench, text)]
    with running(commands, **peers.CLUSTER_PROBE) as servers:
        bench.right(servers.values(), [mix])
        full = bench.once(servers["project"], mix)["qps"]
        for share, rounds in ((0.5, 3 * bench.rounds), (0.05, 7 * bench.rounds)):  # few answers a round: they scatter
            rows = bench.interleaved([(each, mix) for each in servers.values()], rounds, steady=False,
                                     rate=full * share)
            mine, echo = rows["project", mix], rows["udpecho", mix]
            bench.row(f"load: CPU an answer at {share:.0%} of the saturating rate ÷ udpecho's",
                      ratios(mine, echo, "cpu_us"), 1.25, "≤",
                      note=f"{middle(mine, 'cpu_us'):.2f} µs, udpecho {middle(echo, 'cpu_us'):.2f} µs")


def idle(bench):
    """the demo, asked nothing"""
    with open(os.path.join(kubernetes.ROOT, "examples", "demo", "Corefile")) as source:
        text = source.read().replace("{", "{{").replace("}", "}}").replace(":1053", ":{p}")
    text = re.sub(r"127\.0\.0\.1:10\d\d", "127.0.0.1:0", text)
    server = start(*kubernetes.server(bench, text), core=None, **peers.CLUSTER_PROBE, cwd=kubernetes.ROOT)
    try:
        time.sleep(1)
        before = precise(server.pid)
        time.sleep(IDLE_SECONDS)
        bench.row(f"load: an idle server, the demo over {IDLE_SECONDS} s, of a core",
                  [(precise(server.pid) - before) / 1e7 / IDLE_SECONDS], 0.2, "≤", " %")
    finally:
        server.stop()


def workers(bench):
    """two workers on two cores"""
    text, mix = kubernetes.plain(kubernetes.SERVICES), kubernetes.questions(kubernetes.SERVICES, "mix")
    what, cores = "workers: rate of two on two cores ÷ one", os.cpu_count()
    if cores < 4:
        bench.left_out(what, f"{cores} cores; two for the workers and two for the load are needed", 1.9)
    else:
        rates_of = {}
        for _ in range(bench.rounds):
            for count, pinned in ((1, "0"), (2, "0,1")):
                with running([kubernetes.server(bench, text)], core=pinned, **peers.CLUSTER_PROBE) as servers:
                    bench.right(servers.values(), [mix])
                    qps = loaded_from(bench, servers["project"], mix, ("2", "3"))
                    rates_of.setdefault(count, []).append({"qps": qps})
        bench.row(what, ratios(rates_of[2], rates_of[1], "qps"), 1.9,
                  note=f"{middle(rates_of[2], 'qps'):,.0f}/s, one {middle(rates_of[1], 'qps'):,.0f}/s")
    with running([kubernetes.server(bench, text)], core="0,1", **peers.CLUSTER_PROBE) as servers:
        shared_lines(bench, servers["project"], mix)


def loaded_from(bench, server, questions, cores):
    """Answers a second to a load from each of the cores at once."""
    words = ["-p", str(server.port), "-d", questions, "-l", str(bench.seconds), "-w", "0.3", "-q", "128", "-S"]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        rows = list(pool.map(lambda core: blast(words, core), cores))
    for row in rows:
        bench.check(server.name, {**row, "list": os.path.basename(questions)})
    return sum(row["qps"] for row in rows)


def shared_lines(bench, server, questions):
    """Cache lines that two workers wrote and read, by `perf c2c`, which needs a processor's memory events."""
    what, data = "workers: cache lines that both touch while one writes", os.path.join(TMP, "c2c")
    if not peers.have("perf"):
        return bench.left_out(what, "perf is not installed", 0, "=")
    record = subprocess.Popen([*calm(), "perf", "c2c", "record", "--all-user", "-o", data, "-p", str(server.pid)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    loaded_from(bench, server, questions, (LOAD,))
    record.terminate()
    _, said = record.communicate(timeout=60)
    report = subprocess.run(["perf", "c2c", "report", "--stats", "-i", data], capture_output=True, text=True)
    found = re.search(r"Total Shared Cache Lines\s*:\s*(\d+)", report.stdout)
    if not found:
        return bench.left_out(what, "perf c2c: " + (said.strip().splitlines() or ["no figure"])[-1], 0, "=")
    bench.row(what, [int(found[1])], 0, "=")


GROUPS = {"rates": rates, "idle": idle, "workers": workers}
