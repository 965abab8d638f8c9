"""Rows about clusters from files: what pods ask, every kind of question, kubeadm's chain, and the query log."""
import functools
import glob
import os
import re
import time
import urllib.request

import k8sgen
import peers
from peers import TMP, running
from receive_buffer import shrink_receive_buffers
from rows import middle, ratios

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
SERVICES = 1000
ECHO_GOAL = 0.92
KINDS = {"svc_a": ("service A", 0.90), "srv": ("SRV", 0.90), "ptr": ("PTR", 0.90), "pod_a": ("pod name", 0.90),
         "nx": ("NXDOMAIN", 0.90), "headless": ("headless of 10", 0.75)}


@functools.cache
def cluster(services):
    """The folder of a cluster's manifests and questions."""
    folder = os.path.join(TMP, f"cluster-{services}")
    os.makedirs(folder)
    k8sgen.write(folder, services)
    return folder


def questions(services, kind):
    return os.path.join(cluster(services), f"k8s_{kind}.txt")


def echo(services, name="udpecho"):
    return name, peers.udpecho(cluster(services) + "/k8s.hash")


def server(bench, text, name="project"):
    return name, [*bench.command, "-conf", ("corefile", text)]


def plain(services, more=""):
    """Nothing but the cluster."""
    return f""".:{{p}} {{{{
    errors
{more}    kubernetes cluster.local in-addr.arpa ip6.arpa {{{{
        manifests {cluster(services)}/cluster.yaml
        pods verified
        ttl 30
    }}}}
}}}}
"""


def kubeadm(services, upstream, more=""):
    """The Corefile that kubeadm installs, with the cluster from files, on loopback and free ports."""
    with open(os.path.join(ROOT, "examples", "kubeadm", "Corefile")) as source:
        text = source.read().replace("{", "{{").replace("}", "}}")
    for old, new in ((".:53", ".:{p}"), ("       lameduck 5s\n", ""), ("    health", "    health 127.0.0.1:0"),
                     ("    ready\n", "    ready 127.0.0.1:0\n"), (":9153", "127.0.0.1:{q}"),
                     ("/etc/resolv.conf", f"127.0.0.1:{upstream}"), ("    errors\n", f"    errors\n{more}"),
                     ("       pods insecure\n", f"       manifests {cluster(services)}/cluster.yaml\n"
                                                "       pods insecure\n")):
        if old not in text:
            raise SystemExit(f"examples/kubeadm/Corefile has no {old!r}")
        text = text.replace(old, new)
    return text


# ---- groups
def sizes(bench):
    """what pods with ndots:5 ask, 100 to 100,000 services"""
    counts = (100, 1000, 10000, 100000)
    commands = [pair for count in counts
                for pair in (echo(count, f"udpecho-{count}"), server(bench, plain(count), f"project-{count}"))]
    with running(commands, **peers.CLUSTER_PROBE) as servers:
        for count in counts:
            bench.right([servers[f"project-{count}"]], [questions(count, "mix")])
        rows = bench.interleaved([(each, questions(int(name.split("-")[1]), "mix")) for name, each in servers.items()])
    rows = {name: measured for (name, _), measured in rows.items()}
    for count in counts:
        bench.cost(f"kubernetes: ndots:5 mix, {count:,} services, against udpecho", rows[f"udpecho-{count}"],
                   rows[f"project-{count}"], ECHO_GOAL, "udpecho")
    bench.row("kubernetes: ndots:5 mix, CPU of 100,000 services ÷ of 100",
              ratios(rows["project-100000"], rows["project-100"], "cpu_us"), 1.10, "≤")


def kinds(bench):
    """each kind of question alone"""
    lists = {kind: questions(SERVICES, kind) for kind in KINDS}
    with running([echo(SERVICES), server(bench, plain(SERVICES))], **peers.CLUSTER_PROBE) as servers:
        bench.right(servers.values(), lists.values())
        rows = bench.interleaved([(each, path) for path in lists.values() for each in servers.values()])
    for kind, (what, goal) in KINDS.items():
        bench.cost(f"kubernetes: {what}, against udpecho", rows["udpecho", lists[kind]], rows["project", lists[kind]],
                   goal, "udpecho")


def kubeadm_chain(bench):
    """kubeadm's Corefile"""
    with running([echo(SERVICES)]) as one:
        text = kubeadm(SERVICES, one["udpecho"].port)
        beside_echo(bench, "kubernetes: kubeadm's chain, against udpecho", text, 0.85)


def small_buffer(bench):
    """the mix with receive buffers of 212,992 bytes"""
    what = "kubernetes: ndots:5 mix, receive buffer of 212,992 bytes, against udpecho"
    try:
        beside_echo(bench, what, plain(SERVICES), ECHO_GOAL, prepare=shrink_receive_buffers)
    except OSError as error:
        bench.left_out(what, f"the buffers of another process cannot be set: {error.strerror}", ECHO_GOAL)


def one_source(bench):
    """the mix from one address and port"""
    beside_echo(bench, "kubernetes: ndots:5 mix from one address and port, against udpecho", plain(SERVICES), ECHO_GOAL,
                extra=("-c", "1"))


def beside_echo(bench, what, text, goal, prepare=None, **more):
    mix = questions(SERVICES, "mix")
    with running([echo(SERVICES), server(bench, text)], **peers.CLUSTER_PROBE) as servers:
        for each in servers.values():
            if prepare:
                prepare(each)
        bench.right(servers.values(), [mix])
        rows = bench.interleaved([(each, mix) for each in servers.values()], **more)
    bench.cost(what, rows["udpecho", mix], rows["project", mix], goal, "udpecho")


def log(bench):
    """the query log in a file, against none"""
    mix, metrics = questions(SERVICES, "mix"), "    prometheus 127.0.0.1:{q}\n"
    with running([echo(SERVICES)]) as one:
        upstream = one["udpecho"].port
        texts = {"kubeadm's chain": (kubeadm(SERVICES, upstream), kubeadm(SERVICES, upstream, "    log\n")),
                 "a plain chain": (plain(SERVICES, metrics), plain(SERVICES, metrics + "    log\n"))}
        for chain, (quiet, logged) in texts.items():
            commands = [server(bench, quiet), server(bench, logged, "project-log")]
            with running(commands, **peers.CLUSTER_PROBE) as servers:
                bench.right(servers.values(), [mix])
                rows = bench.interleaved([(each, mix) for each in servers.values()])
                with_log, without = rows["project-log", mix], rows["project", mix]
                bench.row(f"log: {chain}, CPU with a log in a file ÷ without", ratios(with_log, without, "cpu_us"),
                          1.15, "≤",
                          note=f"{middle(with_log, 'cpu_us'):.2f} µs, without {middle(without, 'cpu_us'):.2f} µs")
                account_for_lines(bench, chain, servers["project-log"])


def account_for_lines(bench, chain, logging):
    """Every question has left a line or is counted as dropped."""
    time.sleep(1)  # what is still on its way to the file
    asked = scraped(logging, "coredns_dns_requests_total")
    dropped = scraped(logging, "portolan_log_dropped_lines_total")
    with open(logging.log, errors="replace") as lines:
        written = sum(1 for line in lines if re.match(r"\[INFO\] 127\.0\.0\.1:\d+ - ", line))
    bench.row(f"log: {chain}, lines written and lines counted as dropped ÷ questions", [(written + dropped) / asked],
              1.0, "=", note=f"{dropped / asked:.1%} dropped")
    if written + dropped != asked:
        bench.faults.append(f"log: {asked:.0f} questions, {written} lines, {dropped:.0f} counted as dropped")


def scraped(started, metric):
    """The sum of a metric's values."""
    corefile, = glob.glob(f"{TMP}/corefile.*.{started.port}")
    with open(corefile) as source:
        address = re.search(r"prometheus (\S+)", source.read())[1]
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        return sum(float(line.split()[-1]) for line in answer.read().decode().splitlines() if line.startswith(metric))


GROUPS = {"k8s": sizes, "kinds": kinds, "kubeadm": kubeadm_chain, "log": log, "buffer": small_buffer,
          "source": one_source}
