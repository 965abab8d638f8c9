#!/usr/bin/python3
"""The stages of ./test: each builds what it needs, runs, and says how many tests passed and failed.

Everything a stage prints goes to build/logs; on failure its telling lines are shown. Counted are unit test cases,
golden scenarios, Corefiles and packets, server, document and cluster cases, style checks and fuzz targets."""
import argparse
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(ROOT, "build", "logs")
PYTHON = "/usr/bin/python3"
SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1:exitcode=66:suppressions="
                    + os.path.join(ROOT, "scripts", "tsan.supp"),
}


class Stage:
    """What a stage came to."""

    def __init__(self, name):
        self.name, self.passed, self.failed, self.details = name, 0, 0, []

    def count(self, passed, failed):
        self.passed += passed
        self.failed += failed

    def fail(self, text):
        self.failed += 1
        self.details.append(text)


def run(stage, label, command, timeout, env=None):
    """(status, output); the output also lies in build/logs."""
    path = os.path.join(LOGS, f"{stage.name}-{label}.log")
    with open(path, "wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                   env={**os.environ, **(env or {})},
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)  # a suite's own cleaning up stops what it has started
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            status = "timeout"
    with open(path, errors="replace") as log:
        return status, log.read()


def tail(text, lines=25):
    return "\n".join(text.rstrip().splitlines()[-lines:])


def build(stage, preset, *targets):
    """True when it built; else the stage has failed."""
    status, output = run(stage, "build", ["scripts/build.sh", preset, *targets], 3600)
    if status != 0:
        errors = [line for line in output.splitlines() if re.search(r"error|FAILED|undefined reference", line)]
        stage.fail(f"{preset} does not build ({status}), see build/logs/{stage.name}-build.log\n"
                   + "\n".join(errors[:20] or [tail(output)]))
    return status == 0


def binary(preset):
    return os.path.join(ROOT, "build", preset, "portolan")


def without_address_randomization():
    """The words that run a command without it: sanitizers of older compilers lose their way with 32 random bits."""
    words = ["setarch", os.uname().machine, "-R"]
    try:
        works = subprocess.run(words + ["true"], capture_output=True).returncode == 0
    except OSError:
        works = False
    return words if works else []


# ---------------------------------------------------------------------- unit tests
SUMMARY = re.compile(r"test cases:\s+(\d+) \|\s+(\d+) passed \|\s+(\d+) failed")


def unit_tests(stage, preset, listing, prefix=(), env=None, timeout=300):
    with open(os.path.join(ROOT, "build", preset, listing)) as source:
        names = source.read().split()
    if not names:
        stage.fail(f"no unit tests in build/{preset}/{listing}")

    def one(name):
        command = [*prefix, os.path.join(ROOT, "build", preset, "tests", name)]
        return name, *run(stage, name, command, timeout, env)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for name, status, output in pool.map(one, names):
            found = SUMMARY.search(output)
            passed, failed = (int(found.group(2)), int(found.group(3))) if found else (0, 0)
            stage.count(passed, failed)
            if failed:
                stage.details.append(f"{name}:\n" + failures_of(output))
            elif status != 0 or not found:
                stage.fail(f"{name} ended with {status}:\n{tail(output)}")


def failures_of(output):
    """The parts of doctest's output that tell of failures."""
    blocks = re.split(r"={20,}\n", output)
    return "\n".join(block.strip()[:1500] for block in blocks if "ERROR" in block)[:6000] or tail(output)


def unit(stage, options):
    if build(stage, "release"):
        unit_tests(stage, "release", "unit_tests.txt")


def apiserver(stage):
    """Builds etcd and kube-apiserver; True when they are there."""
    code = "import sys; sys.path.insert(0, 'tests/cluster'); import cluster; cluster.build(quiet=False)"
    status, output = run(stage, "apiserver", [PYTHON, "-c", code], 3600)
    if status != 0:
        stage.fail(f"the API server does not build:\n{tail(output)}")
    return status == 0


# ---------------------------------------------------------------------- golden
def golden_suite(stage, label, preset, words, timeout, prefix=(), env=None):
    counts = os.path.join(LOGS, f"{stage.name}-{label}.json")
    if os.path.exists(counts):
        os.unlink(counts)
    command = [*prefix, PYTHON, "tests/golden/run.py", "--server", binary(preset), "--counts", counts, *words]
    status, output = run(stage, label, command, timeout, env)
    if not os.path.exists(counts):
        stage.fail(f"{label} ended with {status}:\n{tail(output)}")
        return
    with open(counts) as source:
        result = json.load(source)
    stage.count(result["passed"], result["failed"])
    interesting = [line for line in output.splitlines() if line.startswith(("FAILED", "   "))]
    if result["failed"]:
        stage.details.append(f"{label}, all in build/logs/{stage.name}-{label}.log:\n" + "\n".join(interesting[:60]))
    for line in output.splitlines():
        if line.startswith("difference ") or line.endswith("left out"):
            print("  " + line)


def golden(stage, options):
    if not (apiserver(stage) and build(stage, "release", "portolan")):  # the scenarios of etcd want an etcd
        return
    for suite in ("core", "errors", "malformed", "observed", "cli"):
        golden_suite(stage, suite, "release", ["--suite", suite], 900)
    golden_suite(stage, "kubernetes", "release", ["--suite", "kubernetes", "--mode", "manifests"], 900)


# ---------------------------------------------------------------------- cluster, whole process
def api(stage, options):
    if apiserver(stage) and build(stage, "release", "portolan"):
        golden_suite(stage, "kubernetes", "release",
                     ["--suite", "kubernetes", "--suite", "observed", "--mode", "api"], 1200)
        golden_suite(stage, "errors", "release",
                     ["--suite", "errors", "--only", "kubernetes/*", "--mode", "api"], 1200)


def process_suite(stage, script, timeout, *words):
    """A suite that prints `ok NAME` and `FAILED NAME: why` and writes its counts."""
    counts = os.path.join(LOGS, f"{stage.name}.json")
    if os.path.exists(counts):
        os.unlink(counts)
    command = [PYTHON, script, "--server", binary("release"), "--counts", counts, *words]
    status, output = run(stage, "suite", command, timeout)
    if not os.path.exists(counts):
        stage.fail(f"{script} ended with {status}:\n{tail(output)}")
        return
    with open(counts) as source:
        result = json.load(source)
    stage.count(result["passed"], result["failed"])
    if result["failed"]:
        stage.details.append("\n".join(line for line in output.splitlines() if not line.startswith("ok ")))
    for line in output.splitlines():
        if line.startswith("left out "):
            print("  " + line)


def server(stage, options):
    if build(stage, "release", "portolan"):
        process_suite(stage, "tests/server/suite.py", 300)


def docs(stage, options):
    if build(stage, "release", "portolan"):
        process_suite(stage, "tests/docs/suite.py", 300)


def zones(stage, options):
    if build(stage, "release", "portolan"):
        process_suite(stage, "tests/zones/suite.py", 400)


def cluster(stage, options):
    if apiserver(stage) and build(stage, "release", "portolan"):
        process_suite(stage, "tests/cluster/suite.py", 900, *(["--long"] if options.long else []))


def etcd(stage, options):
    if apiserver(stage) and build(stage, "release", "portolan"):
        process_suite(stage, "tests/etcd/suite.py", 300)


def pod(stage, options):
    if build(stage, "release", "portolan"):
        process_suite(stage, "tests/pod/suite.py", 300)


def deploy(stage, options):
    if apiserver(stage) and build(stage, "release", "portolan"):
        process_suite(stage, "tests/deploy/suite.py", 600)


# ---------------------------------------------------------------------- the query path
def replay(stage, options):
    """Every kind of question through kubeadm's chain, in one process: the query path allocates nothing."""
    if not build(stage, "release", "replay"):
        return
    data = os.path.join(ROOT, "build", "replay")
    os.makedirs(data, exist_ok=True)
    status, output = run(stage, "cluster", [PYTHON, "tests/bench/tools/k8sgen.py", data, "1000"], 60)
    if status != 0:
        stage.fail(f"k8sgen.py ended with {status}:\n{tail(output)}")
        return
    program = os.path.join(ROOT, "build", "release", "bench", "replay")
    for questions in ("k8s_svc_a", "k8s_headless", "k8s_srv", "k8s_ptr", "k8s_pod_a", "k8s_nx", "k8s_mix"):
        words = [program, "tests/bench/replay.Corefile", f"{data}/{questions}.txt", "10"]
        status, output = run(stage, questions, words, 120, {"CLUSTER": f"{data}/cluster.yaml"})
        found = re.search(r"([\d.]+) ns a query, ([\d.]+) heap allocations", output)
        # A metric that is counted for the first time makes its cell: a handful in all, not one a query.
        if status == 0 and found and float(found.group(2)) <= 0.01:
            stage.count(1, 0)
            print(f"  {questions}: {found.group(0)} a query")
        else:
            stage.fail(f"{questions}: {tail(output, 3)}")


# ---------------------------------------------------------------------- style, sanitizers, fuzzing
def style(stage, options):
    if not build(stage, "release", "portolan"):
        return
    words = ["--long"] if options.long else []
    status, output = run(stage, "check", [PYTHON, "tests/style/check.py", "--server", binary("release"), *words], 1800)
    passed = sum(line.startswith("ok ") for line in output.splitlines())
    failed = sum(line.startswith("FAILED ") for line in output.splitlines())
    stage.count(passed, failed)
    for line in output.splitlines():
        if line.startswith("left out "):
            print("  " + line)
    if failed:
        stage.details.append("\n".join(line for line in output.splitlines() if not line.startswith("ok "))[:8000])
    elif status != 0:
        stage.fail(f"the style checks ended with {status}:\n{tail(output)}")


def asan(stage, options):
    if not build(stage, "asan"):
        return
    prefix = without_address_randomization()
    unit_tests(stage, "asan", "unit_tests.txt", prefix, SANITIZER_ENV, 900)
    slow = ["--slow", "4", "--jobs", "4"]
    golden_suite(stage, "core", "asan", ["--suite", "core", *slow], 1800, prefix, SANITIZER_ENV)
    golden_suite(stage, "kubernetes", "asan", ["--suite", "kubernetes", "--mode", "manifests", *slow], 1800, prefix,
                 SANITIZER_ENV)
    if options.long:
        golden_suite(stage, "rest", "asan", ["--suite", "errors", "--suite", "malformed", *slow], 1800, prefix,
                     SANITIZER_ENV)


def tsan(stage, options):
    if build(stage, "tsan", "threaded_tests"):
        unit_tests(stage, "tsan", "threaded_tests.txt", without_address_randomization(), SANITIZER_ENV, 900)


def fuzz(stage, options):
    if not build(stage, "fuzz", "fuzzers"):
        return
    seconds = "60" if options.long else "20"
    status, output = run(stage, "run", ["scripts/fuzz.sh", seconds], 3600)
    passed = sum(line.startswith("ok ") for line in output.splitlines())
    failed = sum(line.startswith("FAILED ") for line in output.splitlines())
    stage.count(passed, failed)
    if failed:
        stage.details.append("\n".join(line for line in output.splitlines() if not line.startswith("ok ")))
    elif status != 0 or not passed:
        stage.fail(f"scripts/fuzz.sh ended with {status}:\n{tail(output)}")


STAGES = [unit, replay, golden, server, docs, zones, api, cluster, etcd, pod, deploy, style, asan, tsan, fuzz]


def main():
    parser = argparse.ArgumentParser(prog="./test", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", help="also what takes long")
    parser.add_argument("--only", metavar="A,B", help="only these stages")
    parser.add_argument("--list", action="store_true", help="name the stages")
    parser.add_argument("--no-setup", action="store_true", help="do not look for missing packages")
    options = parser.parse_args()
    names = [stage.__name__ for stage in STAGES]
    if options.list:
        print("\n".join(names))
        return 0
    wanted = options.only.split(",") if options.only else names
    unknown = set(wanted) - set(names)
    if unknown:
        parser.error(f"no stage {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    os.makedirs(LOGS, exist_ok=True)
    passed = failed = 0
    for function in STAGES:
        if function.__name__ not in wanted:
            continue
        stage, begin = Stage(function.__name__), time.time()
        print(f"{stage.name} ...", flush=True)
        function(stage, options)
        for text in stage.details:
            print(text)
        print(f"{stage.name}: {stage.passed} passed, {stage.failed} failed in {time.time() - begin:.0f} s", flush=True)
        passed += stage.passed
        failed += stage.failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
