"""Whether what servers answer is right: beside each other, or beside what the cluster's files say."""

import random, struct, sys

import k8sgen
from measure import query


def answer(r):
    """rcode and the sorted (type, TTL-less rdata) of a response; names in rdata are left out"""
    if r is None:
        return None
    an, at, out = struct.unpack(">H", r[6:8])[0], 12, []

    def skip(at):
        while r[at]:
            if r[at] >= 192:
                return at + 2
            at += r[at] + 1
        return at + 1

    at = skip(at) + 4
    for _ in range(an):
        at = skip(at)
        t, _, _, n = struct.unpack(">HHIH", r[at : at + 10])
        at += 10
        out.append((t, r[at : at + n].hex() if t in (1, 28) else ""))
        at += n
    return r[3] & 15, sorted(out)


def sampled(questions):
    """200 lines of a list"""
    with open(questions) as file:
        lines = file.read().splitlines()
    return random.Random(2).sample(lines, min(200, len(lines)))


TYPES = {"A": 1, "AAAA": 28, "PTR": 12, "SRV": 33}


def equal(servers, lists):
    """200 answers of each list beside each other"""
    bad = 0
    for q in lists:
        for line in sampled(q):
            name, t = line.split()
            got = {s.name: answer(query(s.port, name, TYPES[t], 5, 0.5)) for s in servers}
            if None in got.values() or len({repr(v) for v in got.values()}) > 1:
                bad += 1
                if bad <= 5:
                    print(f"DIFFERENT {line}: {got}", file=sys.stderr)
    print(f"answers compared: {bad} different", file=sys.stderr)
    return bad


def right(servers, lists):
    """manifests: 200 answers of each list against what the cluster's files say"""
    bad = 0
    for q in lists:
        for line in sampled(q):
            name, t = line.split()
            want = k8sgen.expected(line)
            for s in servers:
                got = answer(query(s.port, name, TYPES[t], 5, 0.5))
                if got is None or got[0] != want[0] or len(got[1]) != want[1] or (want[2] and got[1][0][1] != want[2]):
                    bad += 1
                    if bad <= 5:
                        print(f"WRONG {s.name} {line}: {got}, expected {want}", file=sys.stderr)
    print(f"answers checked: {bad} wrong", file=sys.stderr)
    return bad
