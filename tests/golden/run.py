#!/usr/bin/python3
"""Asks a server the recorded questions and reports every answer that is not as recorded.

    run.py --server build/release/portolan --suite core --only 'cache-*'
    run.py --server build/release/portolan --suite kubernetes --mode api

Scenarios that name a directive or an option which is not built are left out, each with what it lacks. Differences that
are allowed stand in differences.json, and are printed. The exit status is 1 when anything failed."""
import argparse
import collections
import concurrent.futures
import contextlib
import fnmatch
import glob
import json
import operator
import os
import subprocess
import sys
import tempfile
import time
import warnings

warnings.simplefilter("ignore", DeprecationWarning)
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import cli_suite  # noqa: E402
import core_suite  # noqa: E402
import errors_suite  # noqa: E402
import kubernetes_suite  # noqa: E402
import malformed_suite  # noqa: E402
import namespaces  # noqa: E402
import observed_suite  # noqa: E402
from corefile import KNOWN_DIRECTIVES, lacking  # noqa: E402
from differences import Differences  # noqa: E402

SUITES = ("core", "kubernetes", "errors", "malformed", "observed", "cli")


class Result:
    """What one suite came to. Items are scenarios, Corefiles or packets."""

    def __init__(self, title, noun, asked_noun):
        self.title, self.noun, self.asked_noun = title, noun, asked_noun
        self.items = self.asked = self.failed_items = self.failed = self.left_out = 0

    def add(self, name, asked, failed, show):
        self.items += 1
        self.asked += asked
        self.failed += len(failed)
        self.failed_items += bool(failed)
        if failed:
            print(f"FAILED {name}: {len(failed)} of {asked}")
        for identity, lines in failed[:show]:
            print(f"   [{identity}] " + "\n      ".join(str(line)[:1600] for line in lines))
        if len(failed) > show:
            print(f"   ... {len(failed) - show} more")
        sys.stdout.flush()

    def line(self):
        asked = f", {self.asked} {self.asked_noun}" if self.asked_noun else ""
        return f"{self.title}: {self.items} {self.noun}{asked}, {self.failed} failed; {self.left_out} left out"


def built_directives(options):
    """Directives of the server: those of --directives, or what `-plugins` prints."""
    if options.directives:
        return set(options.directives.replace(",", " ").split())
    printed = subprocess.run([options.server, "-plugins"], capture_output=True, text=True, timeout=60)
    names = {line.strip().removeprefix("dns.") for line in printed.stdout.splitlines()}
    if not names & KNOWN_DIRECTIVES:
        raise SystemExit(f"{options.server} -plugins names no directive: {(printed.stdout + printed.stderr)[:300]}")
    return names & KNOWN_DIRECTIVES


class Selection:
    """Decides which scenarios can run."""

    def __init__(self, options):
        self.built = built_directives(options)
        self.unbuilt = []
        if not options.all_options:
            with open(os.path.join(HERE, "unbuilt_options.json")) as source:
                self.unbuilt = json.load(source)["options"]

    def lacking(self, text, files):
        return lacking(text, files, KNOWN_DIRECTIVES, self.built, self.unbuilt)


def scenario_paths(suite, only):
    paths = sorted(glob.glob(os.path.join(HERE, suite, "scenarios", "*.json")))
    return [path for path in paths if any(fnmatch.fnmatch(os.path.basename(path)[:-5], glob_) for glob_ in only)]


def run_core(options, selection, differences):
    result, runnable = Result("core", "scenarios", "questions"), []
    for path in scenario_paths("core", options.only):
        with open(path) as source:
            data = json.load(source)
        upstreams = data.get("upstream") or []
        upstreams = [upstreams] if isinstance(upstreams, dict) else upstreams
        missing = set(selection.lacking(data["corefile"], data.get("files")))
        for upstream in upstreams:
            missing |= set(selection.lacking(upstream.get("corefile", ""), data.get("files")))
        if missing:
            leave_out(result, data["name"], ", ".join(sorted(missing)))
        else:
            runnable.append((len(data["queries"]), path))
    runnable.sort(reverse=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        tasks = [pool.submit(core_suite.Scenario(path, options, differences).run) for _, path in runnable]
        for task in concurrent.futures.as_completed(tasks):
            done = task.result()
            if done.skipped:
                leave_out(result, done.name, done.skipped)
            else:
                result.add(done.name, done.asked, done.failed, options.show)
    return result


def leave_out(result, name, why):
    result.left_out += 1
    print(f"left out {name}: {why}")


def run_kubernetes(options, selection, differences):
    result, together, alone = Result(f"kubernetes({options.mode})", "scenarios", "questions"), [], []
    unshare = None if options.inside_namespace else namespaces.unshare_command()
    for path in scenario_paths("kubernetes", options.only):
        with open(path) as source:
            data = json.load(source)
        missing = selection.lacking(data["corefile"], data.get("files"))
        if data.get("api_only") and options.mode != "api":
            missing.append("an API server")
        if data.get("netns") and not unshare and not options.inside_namespace:
            missing.append("a network namespace")
        if missing:
            leave_out(result, data["name"], ", ".join(missing))
        else:  # with one API server for all, scenarios that change it run one after the other
            (alone if data.get("steps") and options.mode == "api" else together).append((path, data))

    def run(path, data):
        if data.get("netns") and not options.inside_namespace:
            return run_in_namespace(path, data, options, unshare)
        return kubernetes_suite.Scenario(path, options, differences).run()

    together.sort(key=lambda work: (not work[1].get("steps"), -len(work[1]["queries"])))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        tasks = [pool.submit(run, path, data) for path, data in together]
        for task in concurrent.futures.as_completed(tasks):
            done = task.result()
            result.add(done.name, done.asked, done.failed, options.show)
    for path, data in alone:
        done = run(path, data)
        result.add(done.name, done.asked, done.failed, options.show)
    return result


def start_cluster(stack, options):
    cluster = stack.enter_context(kubernetes_suite.control_plane.Cluster())
    cluster.load(os.path.join(HERE, "kubernetes", "cluster.yaml"))
    options.api, options.token = cluster.url, cluster.token
    options.client_cert, options.client_key, options.api_ca = cluster.client_cert, cluster.client_key, cluster.ca


def run_in_namespace(path, data, options, unshare):
    done = argparse.Namespace(name=data["name"], asked=len(data["queries"]), failed=[])
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        counts = os.path.join(folder, "counts.json")
        words = [os.path.abspath(__file__), "--inside-namespace", "--suite", "kubernetes", "--only", data["name"],
                 "--server", options.server, "--mode", options.mode, "--counts", counts, "--slow", str(options.slow)]
        words += ["--directives", options.directives] if options.directives else []
        words += ["--all-options"] if options.all_options else []
        words += ["--api", options.api, "--token", options.token] if options.mode == "api" else []
        try:
            inner = namespaces.run_inside(unshare, words, data["netns"]["addresses"], options.api, counts)
            done.asked, done.failed = inner["asked"], [("inside", [line]) for line in inner["output"]]
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            done.failed = [("namespace", [str(error)])]
    return done


def kubernetes_values(options):
    """What {K8S} and the placeholders of the API server stand for."""
    if options.mode == "manifests":
        return {"K8S": "manifests " + os.path.join(HERE, "kubernetes", "cluster.yaml")}
    return {"K8S": "kubeconfig kubeconfig", "API": options.api, "CLIENT_CERT": options.client_cert,
            "CLIENT_KEY": options.client_key, "API_CA": options.api_ca}


def kubeconfig_text(options):
    """The kubeconfig that stands beside each Corefile; None where there is no API server."""
    if options.mode == "manifests":
        return None
    return json.dumps(kubernetes_suite.control_plane.kubeconfig(options.api, options.token))


def run_errors(options, selection, differences):
    result, lacks, runnable = Result("errors", "Corefiles", ""), collections.Counter(), []
    kubeconfig = kubeconfig_text(options)
    for case in errors_suite.load_cases(HERE, kubernetes_values(options), kubeconfig):
        if not any(fnmatch.fnmatch(f"{case.family}/{case.id}", glob_) or glob_ == "*" for glob_ in options.only):
            continue
        missing = selection.lacking(case.text(), case.files)
        if case.family == "core" and case.directive != "language" and case.directive not in selection.built:
            missing = missing or [case.directive]
        if missing:
            result.left_out += 1
            lacks.update(missing[:1])
        else:
            runnable.append(case)
    for name, count in sorted(lacks.items()):
        print(f"left out {count} Corefiles: {name}")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for case, got in zip(runnable, pool.map(lambda case: case.run(options), runnable)):
            differences.seen("errors", case.family, case.id)
            wrong = case.wrong(got, options.messages)
            same = lambda want, got: all(got.get(key) == value for key, value in want.items())
            if wrong and differences.allows("errors", case.family, case.id, {"accepted": case.accepted}, got, same):
                wrong = None
            result.add(f"{case.family}/{case.id} {case.corefile[:300]!r}", 1, [("result", [wrong])] if wrong else [],
                       options.show)
    return result


def run_malformed(options, selection, differences):
    result = Result("malformed", "packets", "")
    path = os.path.join(HERE, "core", "malformed.json")
    with open(path) as source:
        missing = selection.lacking(json.load(source)["corefile"], None)
    if missing:
        leave_out(result, "malformed", ", ".join(missing))
        return result
    asked, failed = malformed_suite.run(path, options, differences)
    result.add("malformed", asked, failed, options.show)
    result.items, result.failed_items = max(asked, len(failed)), len(failed)
    return result


def run_observed(options, selection, differences):
    result, runnable = Result(f"observed({options.mode})", "cases", "checks"), []
    kubeconfig = kubeconfig_text(options)
    for kind, case in observed_suite.load_cases(HERE):
        name = f"{kind}-{case['name']}"
        missing = [] if kind == "metrics" else selection.lacking(case["corefile"], case.get("files"))
        if case.get("api_only") and options.mode != "api":
            missing.append("an API server")
        if not any(fnmatch.fnmatch(name, glob_) for glob_ in options.only):
            continue
        if missing:
            leave_out(result, name, ", ".join(missing))
        else:
            runnable.append((name, observed_suite.Run(kind, case, options, kubernetes_values(options), kubeconfig)))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        done = pool.map(lambda work: work[1].run(selection.built, KNOWN_DIRECTIVES), runnable)
        for (name, _), run in zip(runnable, done):
            failed = [(identity, lines) for identity, lines in run.failed
                      if not differences.allows("observed", name, identity, {}, lines, operator.eq)]
            result.add(name, run.asked, failed, options.show)
    return result


def run_cli(options, selection, differences):
    result, runnable = Result("cli", "cases", ""), []
    for case in cli_suite.load_cases(HERE):
        if not any(fnmatch.fnmatch(case["id"], glob_) for glob_ in options.only):
            continue
        missing = selection.lacking(case.get("corefile") or "", case.get("files"))
        if "USR2" in case.get("signals", []):
            missing.append("nothing that may leave a second process behind")
        if missing:
            leave_out(result, case["id"], ", ".join(missing))
        else:
            runnable.append(case)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for case, got in zip(runnable, pool.map(lambda case: cli_suite.run(case, options), runnable)):
            want = cli_suite.expected(case)
            wrong = [f"{key}: expected {want.get(key)!r} got {got.get(key)!r}" for key in sorted({*want, *got})
                     if want.get(key) != got.get(key)]
            if wrong and differences.allows("cli", case["id"], case["id"], want, got, operator.eq):
                wrong = []
            result.add(f"{case['id']} {case['args']}", 1, [("result", wrong)] if wrong else [], options.show)
    return result


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="the binary, started as `BINARY -conf FILE`")
    parser.add_argument("--suite", action="append", choices=SUITES + ("all",), help="may be repeated; default all")
    parser.add_argument("--mode", choices=("api", "manifests"), default="manifests", help="where kubernetes looks")
    parser.add_argument("--only", action="append", metavar="GLOB", help="scenarios with such names; may be repeated")
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 2), help="scenarios at a time")
    parser.add_argument("--directives", help="directives taken as built, instead of asking the binary")
    parser.add_argument("--all-options", action="store_true", help="take every option as built")
    parser.add_argument("--messages", action="store_true", help="errors: a refusal must name directive and line")
    parser.add_argument("--check-serial", action="store_true", help="dynamic scenarios: also whether the serial moves")
    parser.add_argument("--slow", type=float, default=1, help="multiplies all waiting, for sanitizer builds")
    parser.add_argument("--show", type=int, default=8, help="failures printed per scenario")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folders")
    parser.add_argument("--counts", help="write the counts to this file as JSON")
    parser.add_argument("--api", help="api mode: an API server that runs already, with the fixture loaded")
    parser.add_argument("--token", default="")
    parser.add_argument("--client-cert", default="")
    parser.add_argument("--client-key", default="")
    parser.add_argument("--api-ca", default="")
    parser.add_argument("--inside-namespace", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.server = os.path.abspath(options.server)
    options.only = options.only or ["*"]
    suites = options.suite or ["all"]
    options.suite = SUITES if "all" in suites else [suite for suite in SUITES if suite in suites]
    return options


class Echo:
    """Standard output that remembers the lines of failures, for the run outside of a namespace."""

    def __init__(self):
        self.lines = []

    def write(self, text):
        self.lines += [line for line in text.splitlines() if line.startswith("   ")]
        return sys.__stdout__.write(text)

    def flush(self):
        sys.__stdout__.flush()


def main():
    options = arguments()
    echo = Echo()
    if options.inside_namespace:
        namespaces.serve_api_here(options.api) if options.api else None
        sys.stdout = echo
    selection, differences = Selection(options), Differences(os.path.join(HERE, "differences.json"))
    runners = {"core": run_core, "kubernetes": run_kubernetes, "errors": run_errors, "malformed": run_malformed,
               "observed": run_observed, "cli": run_cli}
    results, begin = [], time.time()
    with contextlib.ExitStack() as stack:
        if options.mode == "api" and not options.api and {"kubernetes", "errors", "observed"} & set(options.suite):
            start_cluster(stack, options)
        for suite in options.suite:
            results.append(runners[suite](options, selection, differences))
    for line in differences.report():
        print(line)
    for result in results:
        print(result.line())
    print(f"{time.time() - begin:.0f} s", file=sys.stderr)
    failed = sum(result.failed for result in results)
    if options.counts:
        with open(options.counts, "w") as target:
            json.dump({"passed": sum(r.items - r.failed_items for r in results),
                       "failed": sum(r.failed_items for r in results), "asked": sum(r.asked for r in results),
                       "left_out": sum(r.left_out for r in results), "output": echo.lines}, target)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
