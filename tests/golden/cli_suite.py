"""The command line and the signals, as recorded: what is running, exit status, listener lines, the pid file."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import process
from message import build_query, parse_msg
from placeholders import placeholders, substitution, write_file

LISTENER = re.compile(r"^(?:\w+://)?\S+\.:\S+(?: on \S+)?$")
COMPARED = ("exit", "running", "answers_on_port", "pidfile_holds_pid", "running_after_signal", "exit_after_signal",
            "listeners")


def load_cases(folder):
    with open(os.path.join(folder, "core", "metrics.json")) as source:
        return json.load(source)["cli"]


def _answer(port, slow):
    wire, _, _ = build_query({"qname": "cli.test", "qtype": "TXT"})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1 * slow)
        try:
            s.sendto(wire, ("127.0.0.1", port))
            return parse_msg(s.recv(4096))["rcode"]
        except OSError:
            return None


def expected(case):
    """What is compared of a recorded result."""
    want = {key: value for key, value in case["result"].items() if key in COMPARED}
    want["listeners"] = sorted(line for line in case["result"]["stdout"] if LISTENER.match(line))
    if "corefile_before_signal" in case or "-quiet" in case["args"]:
        want["listeners"] = [] if "-quiet" in case["args"] else want["listeners"]
    return want


def run(case, options):
    """The same of the server under test."""
    folder = tempfile.mkdtemp(prefix="golden-")
    started = None
    try:
        context = {"DIR": folder, **placeholders(json.dumps(case))}
        subst = substitution(context)
        files = dict(case.get("files") or {})
        if "corefile" in case:
            files["Corefile"] = case["corefile"]
        for name, text in files.items():
            write_file(folder, name, text, subst)
        with open(os.path.join(folder, "stdin"), "w") as target:
            target.write(subst(case.get("stdin", "")))
        with open(os.path.join(folder, "stdin")) as stdin, open(os.path.join(folder, "out"), "wb") as out:
            started = subprocess.Popen([options.server] + [subst(word) for word in case["args"]], cwd=folder,
                                       stdin=stdin, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        got = _observe(case, started, folder, context, subst, options.slow)
        process.stop(started, 8 * options.slow)
        lines = process.log_text(folder, "out").splitlines()
        names = {str(port): "{%s}" % name for name, port in context.items() if name != "DIR"}
        masked = [re.sub(r"\d{5}\b", lambda match: names.get(match.group(), match.group()), line) for line in lines]
        got["listeners"] = sorted(line for line in masked if LISTENER.match(line))
        return got
    finally:
        if started:
            process.stop(started, 1)
        shutil.rmtree(folder, ignore_errors=True)


def _observe(case, started, folder, context, subst, slow):
    got, want = {}, case["result"]
    end = time.time() + (5 if "exit" in want else 1) * slow
    while time.time() < end and started.poll() is None:
        if want.get("answers_on_port") and _answer(context["PORT"], 0.1) == want["answers_on_port"]:
            break
        time.sleep(0.02)
    if started.poll() is not None:
        return {"exit": started.returncode}
    got["running"] = True
    if "answers_on_port" in want:
        got["answers_on_port"] = _answer(context["PORT"], slow)
    if "pidfile_holds_pid" in want:
        got["pidfile_holds_pid"] = process.log_text(folder, "pid").strip() == str(started.pid)
    if "corefile_before_signal" in case:
        write_file(folder, "Corefile", case["corefile_before_signal"], subst)
    for number, name in enumerate(case.get("signals", [])):
        if number:
            time.sleep(0.3 * slow)
        if started.poll() is None:
            os.kill(started.pid, getattr(signal, "SIG" + name))
    if "signals" in case:
        try:
            started.wait(0.7 * (slow if want.get("running_after_signal") is False else 1))
        except subprocess.TimeoutExpired:
            pass
        got["running_after_signal"] = started.poll() is None
        if started.poll() is not None:
            got["exit_after_signal"] = started.returncode
    return got
