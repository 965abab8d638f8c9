"""Raw packets, most of them broken: one server, each packet's answer compared by bytes, or decoded when only name
compression differs."""
import concurrent.futures
import json
import os
import shutil
import socket
import struct
import tempfile

import process
from compare import same_packet
from core_suite import wait_for
from placeholders import placeholders, substitution, write_file
from transport import Silence, recvn


def _ask(packet, port, slow):
    wire = bytes.fromhex(packet["hex"])
    silence_expected = packet["expect"].get("silence")
    patience = 0.5 if silence_expected else 3 * slow
    if packet.get("transport", "udp") == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(patience)
            try:
                s.sendto(wire, ("127.0.0.1", port))
                data = s.recv(65535)
            except socket.timeout:
                return {"silence": True}
    else:
        with socket.create_connection(("127.0.0.1", port), 2 * slow) as s:
            s.settimeout(0.8 if silence_expected else 5 * slow)
            try:
                s.sendall(wire)
                data = recvn(s, struct.unpack("!H", recvn(s, 2))[0])
            except socket.timeout:
                return {"silence": True}
            except (Silence, BrokenPipeError, ConnectionResetError):
                return {"closed": True}
    got = {"hex": data.hex()}
    if len(data) >= 12:
        got["rcode"] = struct.unpack("!H", data[2:4])[0] & 15
    return got


def run(path, options, differences):
    """(packets asked, [(id, lines)] that differ)."""
    with open(path) as source:
        record = json.load(source)
    folder, started, failed = tempfile.mkdtemp(prefix="golden-"), None, []
    try:
        context = {"DIR": folder, **placeholders(record["corefile"])}
        subst = substitution(context)
        for name, text in (record.get("files") or {}).items():
            write_file(folder, name, text, subst)
        corefile = os.path.join(folder, "Corefile")
        with open(corefile, "w") as target:
            target.write(subst(record["corefile"]))
        started = process.start([options.server, "-conf", corefile], folder, "server.log")
        if not wait_for(started, context["PORT"], None, options.slow):
            return 0, [("start", ["the server did not start: " + process.log_text(folder)[-800:]])]
        packets = record["packets"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda packet: _ask(packet, context["PORT"], options.slow), packets))
        for packet, got in zip(packets, answers):
            want = packet["expect"]
            same = lambda want, got: want == got or same_packet(want.get("hex"), got.get("hex"))
            differences.seen("malformed", "malformed", packet["id"])
            if not same(want, got) and not differences.allows("malformed", "malformed", packet["id"], want, got, same):
                failed.append((packet["id"], [f"expected {json.dumps(want)} got {json.dumps(got)}"]))
        if started.poll() is not None:
            failed.append(("end", ["the server died: " + process.log_text(folder)[-1500:]]))
    finally:
        if started:
            process.stop(started, 8 * options.slow)
            report = process.sanitizer_report(process.log_text(folder))
            if report:
                failed.append(("sanitizer", [report]))
        shutil.rmtree(folder, ignore_errors=True)
    return len(packets), failed
