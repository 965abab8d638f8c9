#!/usr/bin/python3
"""Fault and overload tests for DNS servers. Prints one JSON object per test.

    faults.py --server-cmd 'coredns -conf {corefile}' [--tests overload,load,...]   any CoreDNS-compatible server
    faults.py --peer unbound|dnsdist|knot [--tests ...]                               built-in small configurations

Needs root and Linux. The kubernetes tests need --etcd and --apiserver (FAULTS_ETCD,
FAULTS_APISERVER). Everything runs in a network namespace of its own with only loopback, so no port can clash and no
packet leaves. The server runs on the first core, everything else on the second.
"""

import argparse
import json
import multiprocessing as mp
import os
import resource
import shlex
import shutil
import sys
import tempfile

import programs
from faults_base import CAP, OPT, now, pin
from faults_cluster import t_api, t_cache, t_reload
from faults_traffic import t_garbage, t_load, t_overload, t_spoof, t_tcp

TESTS = {
    "overload": t_overload,
    "load": t_load,
    "tcp": t_tcp,
    "garbage": t_garbage,
    "spoof": t_spoof,
    "api": t_api,
    "reload": t_reload,
    "cache": t_cache,
}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--server-cmd")
    ap.add_argument("--peer", choices=["unbound", "dnsdist", "knot"])
    ap.add_argument("--tests", default=",".join(TESTS))
    ap.add_argument("--blast", default=os.environ.get("FAULTS_BLAST"), help="dnsblast; built when missing")
    ap.add_argument("--etcd", default=os.environ.get("FAULTS_ETCD"))
    ap.add_argument("--apiserver", default=os.environ.get("FAULTS_APISERVER"))
    ap.add_argument("--seconds", type=int, help="length of the overload (15)")
    ap.add_argument("--down", type=float, default=8, help="seconds the API server is away")
    ap.add_argument("--packets", type=int, default=200000, help="garbage packets on UDP")
    ap.add_argument("--keep", action="store_true", help="keep the working folder")
    ap.parse_args(namespace=OPT)
    if bool(OPT.server_cmd) == bool(OPT.peer):
        ap.error("one of --server-cmd and --peer")
    if OPT.server_cmd and "{corefile}" not in OPT.server_cmd:
        ap.error("--server-cmd needs {corefile}")
    OPT.blast = os.path.abspath(OPT.blast) if OPT.blast else programs.build_dnsblast()
    if OPT.server_cmd:  # it is started in a folder of its own
        binary, *words = shlex.split(OPT.server_cmd)
        OPT.server_cmd = shlex.join([os.path.abspath(binary) if "/" in binary else binary, *words])
    if os.environ.get("FAULTS_INSIDE") != "1":
        os.environ["FAULTS_INSIDE"] = "1"
        os.execvp(
            "unshare", ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv]
        )
    mp.set_start_method("fork")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (CAP, max(CAP, hard)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(CAP, hard), hard))
    pin(-1)
    OPT.dir = tempfile.mkdtemp(prefix="faults")
    try:
        for name in OPT.tests.split(","):
            t0 = now()
            try:
                r = TESTS[name]()
            except Exception as e:
                import traceback

                r = {"failed": repr(e), "where": traceback.format_exc().splitlines()[-3:]}
            print(
                json.dumps(
                    {
                        "test": name,
                        "server": OPT.peer or shlex.split(OPT.server_cmd)[0].rsplit("/", 1)[-1],
                        "seconds": round(now() - t0, 1),
                        "result": r,
                    }
                ),
                flush=True,
            )
    finally:
        if not OPT.keep:
            shutil.rmtree(OPT.dir, ignore_errors=True)


if __name__ == "__main__":
    main()
