"""DNSSEC as a validator sees it: delv, with the zone's key as its trust anchor, takes what *dnssec* and *sign* sign."""
import os
import re
import shutil
import subprocess
import tempfile

from client import LeftOut, expect, logged
from server import Failed, Server

ZONE = """$ORIGIN alder.test.
$TTL 60
@ IN SOA ns h 1 2 3 4 5
@ IN NS ns
ns IN A 192.0.2.1
www IN A 192.0.2.2
www IN A 192.0.2.1
al IN CNAME WWW
_x._tcp IN SRV 1 1 1 Www
e.n.t IN A 192.0.2.8
*.w IN TXT "a" "b"
d IN NS ns.d
ns.d IN A 198.51.100.1
"""
ON_THE_FLY = """alder.test:{PORT} {
    dnssec {
        key file %s
        %s
    }
    file {DIR}/db
}
"""
AHEAD = """alder.test:{PORT} {
    file {DIR}/db.alder.test.signed {
        reload 100ms
    }
    sign {DIR}/db {
        key directory {DIR}
        directory {DIR}
    }
}
"""
THERE = [("www", "A"), ("WwW", "A"), ("al", "A"), ("_x._tcp", "SRV"), ("q.w", "TXT"), ("", "SOA"), ("", "NS"),
         ("", "DNSKEY")]
ABSENT = [("nx", "A"), ("a.nx", "A"), ("www", "TXT"), ("WWW", "MX"), ("", "TXT"), ("t", "A"), ("q.w", "A"), ("d", "DS")]


def tool(name):
    if not shutil.which(name):
        raise LeftOut(f"no {name}")
    return name


def make_keys(*wanted):
    """{file name: text} of keys that dnssec-keygen makes, the base names, and delv's trust anchor for them."""
    files, bases, anchors = {}, [], []
    with tempfile.TemporaryDirectory() as folder:
        for algorithm, flags in wanted:
            command = [tool("dnssec-keygen"), "-q", "-K", folder, "-a", algorithm, *flags, "alder.test"]
            base = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
            bases.append("{DIR}/" + base)
            for name in (base + ".key", base + ".private"):
                with open(os.path.join(folder, name)) as source:
                    files[name] = source.read()
            record = re.search(r"DNSKEY (\d+) (\d+) (\d+) (.+)", files[base + ".key"])
            if record.group(1) == "257":
                text = record.group(4).replace(" ", "")
                anchors.append(f'alder.test. static-key 257 3 {record.group(3)} "{text}";')
    files["anchors"] = "trust-anchors {\n%s\n};\n" % "\n".join(anchors)
    return files, bases


def verdict(server, name, kind):
    """delv's judgement: its first remark that says whether what came was validated."""
    full = (name + "." if name else "") + "alder.test"
    command = [tool("delv"), "@127.0.0.1", "-p", str(server.port), "-a", os.path.join(server.folder, "anchors"),
               "+root=alder.test", full, kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    remarks = [line for line in (done.stdout + done.stderr).splitlines() if "validated" in line or "failed:" in line]
    return [line for line in remarks if "validated" in line][:1] or remarks[:1]


def expect_valid(server):
    for name, kind in THERE:
        expect((name, kind, verdict(server, name, kind)), (name, kind, ["; fully validated"]), "delv")
    for name, kind in ABSENT:
        want = ["; negative response, fully validated"]
        expect((name, kind, verdict(server, name, kind)), (name, kind, want), "delv")


def answers_signed_on_the_fly_validate(binary):
    tool("delv")
    for wanted, more in (([("ECDSAP256SHA256", ["-f", "KSK"])], ""),
                         ([("ED25519", ["-f", "KSK"])], "compact_denial"),
                         ([("RSASHA256", ["-b", "2048", "-f", "KSK"]), ("RSASHA256", ["-b", "2048"])], ""),
                         ([("RSASHA512", ["-b", "2048", "-f", "KSK"])], ""),
                         ([("ECDSAP384SHA384", ["-f", "KSK"]), ("ECDSAP384SHA384", [])], "compact_denial")):
        files, bases = make_keys(*wanted)
        with Server(binary, ON_THE_FLY % (" ".join(bases), more), {**files, "db": ZONE}) as server:
            expect_valid(server.listening())


def a_signed_zone_validates(binary):
    tool("delv")
    for wanted in ([("ECDSAP256SHA256", ["-f", "KSK"])],
                   [("RSASHA256", ["-b", "2048", "-f", "KSK"]), ("RSASHA256", ["-b", "2048"])],
                   [("ED25519", ["-f", "KSK"]), ("ED25519", [])]):
        files, _ = make_keys(*wanted)
        with Server(binary, AHEAD, {**files, "db": ZONE}) as server:
            server.listening()
            logged(server, "Successfully signed zone")
            logged(server, "plugin/file: Successfully reloaded zone")
            expect_valid(server)


def delv_does_not_take_what_another_key_signed(binary):
    """That the cases above can fail."""
    tool("delv")
    files, bases = make_keys(("ECDSAP256SHA256", ["-f", "KSK"]))
    others, _ = make_keys(("ECDSAP256SHA256", ["-f", "KSK"]))
    files["anchors"] = others["anchors"]
    with Server(binary, ON_THE_FLY % (bases[0], ""), {**files, "db": ZONE}) as server:
        said = verdict(server.listening(), "www", "A")
        if not said or "failed:" not in said[0]:
            raise Failed(f"delv says {said}")


CASES = [answers_signed_on_the_fly_validate, a_signed_zone_validates, delv_does_not_take_what_another_key_signed]
