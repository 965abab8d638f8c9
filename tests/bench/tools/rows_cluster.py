"""Rows about clusters behind an API server: what the programs beside tests/bench/run measure, as rows."""
import json
import os
import shutil
import statistics
import subprocess
import sys

from rows import LOST

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MEMORY_GOALS = {"verified": 40, "insecure": 25}
CHANGE_GOALS = {"quiet": {"p50": 0.2, "p99": 2.0}, "streaming": {"p99": 5.0}}
RELOADS = 1000


def program(bench, name, *words):
    """What one of the programs says in JSON."""
    command = [sys.executable, os.path.join(BENCH, name), "--server", bench.command[0], "--json", *words]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        said, _ = running.communicate()
    except BaseException:
        running.terminate()  # and no harder: it stops what it has started
        running.wait()
        raise
    if running.returncode != 0:
        raise SystemExit(f"{name} ended with {running.returncode}")
    return json.loads(said)


def cluster(bench):
    """memory, start, reloads, changes and storms with 10,000 services"""
    if not have_api_server(bench, "cluster: memory, start, reloads, changes and storms"):
        return
    big = program(bench, "big_cluster", "--reloads", str(RELOADS))
    memory(bench, "10,000 services, 50,000 pods", big["peak_mb"], MEMORY_GOALS)
    bench.row("cluster: process start to ready, 10,000 services, 50,000 pods", big["start_s"], 0.8, "≤", " s",
              f"{statistics.median(big['cpu_s']):.2f} s of CPU")
    bench.row("cluster: the same ÷ a bare client that lists it",
              [ours / bare for ours, bare in zip(big["start_s"], big["bare_s"])],
              note=f"bare client {statistics.median(big['bare_s']):.2f} s")
    reloads(bench, big)
    changes(bench, program(bench, "change_to_answer"))
    snapshot = program(bench, "snapshot_start")
    bench.row("cluster: start from a snapshot to the first answer, API server away", snapshot["start_s"], unit=" s",
              note=f"peak {snapshot['peak_mb']:.1f} MB")


def tenfold(bench):
    """memory with 100,000 services and 500,000 pods; many minutes"""
    if have_api_server(bench, "cluster: memory, 100,000 services, 500,000 pods"):
        big = program(bench, "big_cluster", "--services", "100000", "--pods", "500000", "--memory-only")
        memory(bench, "100,000 services, 500,000 pods", big["peak_mb"], {"verified": 300})


def have_api_server(bench, what):
    """Whether its sources can be built: Go is all that they need."""
    if shutil.which("go"):
        return True
    bench.left_out(what, "Go is not installed, which builds the API server")
    return False


def memory(bench, size, peaks, goals):
    for pods, goal in goals.items():
        for workers in ("2", "8"):
            what = f"cluster: peak memory, {size}, {pods}, {workers} workers"
            if workers in peaks[pods]:
                peak, beside = peaks[pods][workers]
                bench.row(what, [peak], goal, "≤", " MB", f"{beside:.1f} MB with a second index beside it")
            else:
                bench.left_out(what, f"{os.cpu_count()} cores, and a worker has one", goal, "≤", " MB")


def reloads(bench, big):
    what = f"cluster: {big['reloads']:,} reloads at 5,000 questions/s"
    bench.row(f"{what}, lost or SERVFAIL", [big["lost"] + big["failed"]], 0, "=", note=f"of {big['asked']:,}")
    bench.row(f"{what}, p99 ÷ quiet p99", [big["p99_us"] / big["quiet_p99_us"]], 2.0, "≤",
              note=f"{big['p99_us']:.0f} µs, quiet {big['quiet_p99_us']:.0f} µs")
    if big["lost"] or big["failed"]:
        bench.faults.append(f"{what}: {big['lost']} lost, {big['failed']} SERVFAIL")


def changes(bench, results):
    for state, goals in CHANGE_GOALS.items():
        seen, second = results[state]["answer_after_read_ms"], results[state]["second_watcher_after_read_ms"]
        for quantile, goal in goals.items():
            bench.row(f"cluster: change to answer, {state}, {quantile}", [seen[quantile]], goal, "≤", " ms",
                      f"second bare watcher {second[quantile]:.2f} ms, {results[state]['updates_per_s']:.0f} updates/s")
        if results[state]["missed"]:
            bench.faults.append(f"change to answer, {state}: {results[state]['missed']} missed")
        if results[state]["lost_share"] > LOST:
            bench.faults.append(f"a load, {state}: {results[state]['lost_share']:.2%} lost")
    quiet, storm = (results[state]["answers_per_s"] for state in ("quiet", "streaming"))
    bench.row("cluster: rate of answers in the storm ÷ quiet", [storm / quiet], 0.9,
              note=f"{storm:,.0f}/s, quiet {quiet:,.0f}/s; all on {os.cpu_count()} cores")


GROUPS = {"cluster": cluster, "tenfold": tenfold}
