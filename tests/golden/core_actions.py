"""The actions between the questions of a core scenario: files, signals, the log, HTTP, metrics, pipelining.

Each returns None when all is as recorded, else what is wrong."""
import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import time
import urllib.error
import urllib.request

import process
from compare import compare, simplify
from message import build_query, parse_msg
from placeholders import write_file
from transport import Silence, recvn


def run_action(scenario, query):
    action = ACTIONS.get(query["action"])
    return action(scenario, query) if action else "unknown action"


def _sleep(scenario, query):
    time.sleep(query["seconds"])


def _write(scenario, query):
    path = os.path.join(scenario.folder, query["path"])
    write_file(scenario.folder, query["path"] + ".new", query["text"], scenario.subst)
    os.replace(path + ".new", path)
    if "mtime_add" in query:
        at = time.time() + query["mtime_add"]
        os.utime(path, (at, at))


def _remove(scenario, query):
    os.remove(os.path.join(scenario.folder, query["path"]))


def _signal(scenario, query):
    os.kill(scenario.server.pid, getattr(signal, "SIG" + query["signal"]))


def _wait_log(scenario, query):
    end = time.time() + query.get("seconds", 8) * scenario.options.slow
    pattern = re.compile(scenario.subst(query["pattern"]), re.M)
    while time.time() < end:
        if pattern.search(process.log_text(scenario.folder)):
            return None
        time.sleep(0.05)
    return f"log line not seen: {query['pattern']} in {process.log_text(scenario.folder)[-800:]!r}"


def _log(scenario, query):
    pattern, want = re.compile(scenario.subst(query["pattern"]), re.M), query.get("count")

    def right(found):
        return found == want if want is not None else (found > 0) == query.get("present", True)

    end = time.time() + 1.5 * scenario.options.slow  # a line that is awaited may still be in the writer's buffer
    time.sleep(query.get("settle", 0.1))
    while True:
        text = process.log_text(scenario.folder, query.get("file", "server.log"))
        found = len(pattern.findall(text))
        if right(found):
            return None
        if time.time() > end or found > (want or 0):
            return f"log pattern {query['pattern']!r} found {found} times in {text[-1200:]!r}"
        time.sleep(0.1)


def _http(scenario, query):
    url = scenario.subst(query["url"])
    context = None
    if url.startswith("https"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    request = urllib.request.Request(url, method=query.get("method", "GET"))
    try:
        with urllib.request.urlopen(request, timeout=4 * scenario.options.slow, context=context) as answer:
            got = {"status": answer.status, "body": answer.read().decode()}
    except urllib.error.HTTPError as error:
        got = {"status": error.code, "body": error.read().decode()}
    except (urllib.error.URLError, ConnectionError, socket.timeout):
        got = {"status": 0, "body": ""}
    if not query.get("body", True):
        got["body"] = ""
    return None if got == query["expect"] else f"{got!r}, expected {query['expect']!r}"


def _metrics(scenario, query):
    time.sleep(query.get("settle", 0.05))
    with urllib.request.urlopen(scenario.subst(query["url"]), timeout=4 * scenario.options.slow) as answer:
        text = answer.read().decode()
    values = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            key, value = line.rsplit(" ", 1)
            for name, port in scenario.context.items():
                if isinstance(port, int):
                    key = re.sub(r"(?<!\d)%d(?!\d)" % port, "{%s}" % name, key)
            values[key] = float(value)
    got = {key: values[key] for key in sorted(values) if any(re.search(p, key) for p in query["select"])}
    if query.get("names_only"):
        got = {key: 0 for key in got}
    want = query["expect"]
    wrong = {key: (want.get(key), got.get(key)) for key in set(got) | set(want) if want.get(key) != got.get(key)}
    return f"(expected, got) {wrong!r}" if wrong else None


def _pipeline(scenario, query):
    with socket.create_connection(("127.0.0.1", scenario.context[query.get("port", "PORT")]), 4) as connection:
        connection.settimeout(4 * scenario.options.slow)
        sent, out = {}, b""
        for number, one in enumerate(query["queries"]):
            one = dict(json.loads(scenario.subst(json.dumps(one))), msgid=100 + number)
            wire, identity, _ = build_query(one)
            out += struct.pack("!H", len(wire)) + wire
            sent[identity] = (number, one)
        connection.sendall(out)
        answers = {}
        try:
            while len(answers) < len(sent):
                message = parse_msg(recvn(connection, struct.unpack("!H", recvn(connection, 2))[0]))
                answers[message["id"]] = message
        except (Silence, socket.timeout):
            pass
    wrong = []
    for identity, (number, one) in sent.items():
        got = {"silence": True}
        if identity in answers:
            got = simplify(answers[identity], one, scenario.data, scenario.context)
        found = compare(query["queries"][number]["expect"], got, one, scenario.data)
        if found:
            wrong.append((number, found))
    return wrong or None


def _exit(scenario, query):
    try:
        status = scenario.server.wait(query.get("seconds", 8) * scenario.options.slow)
    except subprocess.TimeoutExpired:
        return "the server did not exit"
    want = query["expect"]["code"]
    return None if status == want else f"exit status {status}, expected {want}"


ACTIONS = {"sleep": _sleep, "write": _write, "remove": _remove, "signal": _signal, "wait_log": _wait_log, "log": _log,
           "http": _http, "metrics": _metrics, "pipeline": _pipeline, "exit": _exit,
           "notify_listen": lambda scenario, query: None}
