"""Zone files as named-checkzone (BIND) reads them and as the server hands them out to kdig (Knot DNS): the same
records, and what one refuses the other refuses too."""
import collections
import os
import re
import subprocess

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

import answers
import zone_sources
from broken_zones import broken_zones
from peers import Failed, Peer
from server import Server, process

NO_TTL = "@ IN SOA ns admin 1 2 3 4 5\n@ IN NS ns\nns IN A 192.0.2.1\n"
BLOCK = """{zone.origin}:{{PORT}} {{
    bind {address}
    file {path} {zone.origin} {{
        reload 0
    }}
    transfer {{
        to *
    }}
}}
"""
# No option of named-checkzone turns these two off. CoreDNS serves such zones (corefile_errors.json, file-327).
NO_NS = re.compile(r"has no NS records$")
NO_ADDRESS = re.compile(r"NS '(\S+)' has no address records \(A or AAAA\)$")

# (holder, file): what the difference has to look like, and its reason. One that is not met any more fails the case.
EXPLAINED_OF_GOLDEN = {
    ("core/file-minimal-glue", "db.zone"):
        (r"only named-checkzone refuses it: zone alder\.test/IN: NS 'nsc\.alder\.test' is a CNAME \(illegal\)",
         "CoreDNS serves an NS record that names an alias; the scenario has its answers"),
    ("corefile_errors file-326", "twosoa"):
        (r"only named-checkzone refuses it: dns_master_load: twosoa:2: alder\.test: multiple RRs of singleton type",
         "CoreDNS takes the last of several SOA records; it accepts this file"),
}
EXPLAINED_OF_TESTS = {
    ("fuzz corpus", "generate"):
        (r"only named-checkzone: (h00\w\S* 60 A \w+\s){5} *only the server: (h00\w\S* 3600 A \w+ ?){5}$",
         "CoreDNS reads $GENERATE's records with a parser of their own, whose TTL is 3600 seconds, whatever $TTL or "
         "the record before says"),
    ("no TTL", "zone"):
        (r"only named-checkzone: (\S+ 5 (A|NS|SOA) \w+\s*){3}only the server: (\S+ 0 (A|NS|SOA) \w+ ?){3}$",
         "CoreDNS takes 0 for a TTL that is missing behind a class, not the last field of the SOA record"),
}

Reading = collections.namedtuple("Reading", "records complaint")  # no records: refused


class Checkzone(Peer):
    program = "named-checkzone"


class Checker(Peer):
    program = "named-rrchecker"


class Kdig(Peer):
    program = "kdig"


def canonical(kind, data):
    """(type, canonical rdata in hexadecimal), whichever of both kdig and named-checkzone has a name for."""
    try:
        number = dns.rdatatype.from_text(kind)
        known = dns.rdata.from_text(dns.rdataclass.IN, number, data, relativize=False)
        return dns.rdatatype.to_text(number), known.to_digestable().hex()
    except dns.exception.DNSException:  # dnspython knows the type less well than both
        program = Checker.available()
        told = subprocess.run([program, "-u"], input=f"IN {kind} {data}\n", capture_output=True, text=True, timeout=10,
                              errors="replace").stdout.split() if program else ()
        if len(told) > 3:  # CLASS1 TYPE26 \\# 3 010203
            return dns.rdatatype.to_text(int(told[1][4:])), "".join(told[4:]).lower()
        return kind, " ".join(data.lower().split())


def records_of(printed):
    """Sorted (owner, TTL, type, canonical rdata) of records as named-checkzone and kdig print them, one a line. The
    SOA record at the end of a transfer is left out."""
    found = []
    for line in printed.splitlines():
        if not line.strip() or line.startswith(";"):
            continue
        owner, ttl, _, kind, data = line.split(None, 4)
        found.append((dns.name.from_text(owner).canonicalize().to_text(), int(ttl), *canonical(kind, data)))
    if len(found) > 1 and found[-1][2] == "SOA":
        found.pop()
    return sorted(found)


def write(zone, folder):
    """The zone file with everything else that its holder has."""
    for name, text in zone.files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", errors="surrogateescape") as target:
            target.write(text.replace("{DIR}", folder))


def checkzone(origin, path):
    """Only syntax and content count: whether hosts have addresses, and such, is ignored."""
    ignored = [word for option in "kmnrMSW" for word in ("-" + option, "ignore")]
    command = [Checkzone.available(), "-D", "-o", "-", "-s", "full", "-i", "none", *ignored]
    done = subprocess.run([*command, origin, os.path.basename(path)], cwd=os.path.dirname(path), capture_output=True,
                          text=True, errors="replace", timeout=30)
    return Reading(records_of(done.stdout) if done.returncode == 0 else None, done.stderr)


def bind_reading(zone, folder):
    """What named-checkzone makes of the file. NS records and addresses of their hosts, without which it takes no zone,
    are added in a copy, and taken out of what it says."""
    path, added = os.path.join(folder, zone.path), ""
    while True:
        reading = checkzone(zone.origin, path)
        if reading.records is not None:
            mine = records_of(added)
            return Reading([each for each in reading.records if each not in mine], "")
        complaint = reading.complaint.splitlines()
        hosts = [found.group(1) for found in map(NO_ADDRESS.search, complaint) if found]
        more = "".join(f"{zone.origin} 0 IN NS ns.invalid.\n" for line in complaint if NO_NS.search(line))
        more += "".join(f"{host}. 0 IN A 192.0.2.255\n" for host in hosts)
        if not more or more in added:
            return reading
        added += more
        with open(os.path.join(folder, zone.path), errors="surrogateescape") as source:
            text = source.read()
        path = os.path.join(folder, zone.path + ".completed")
        with open(path, "w", errors="surrogateescape") as target:
            target.write(f"{text}\n{added}")


def corefile(zones):
    """All in one server, those of one origin at addresses of their own; and the addresses."""
    text, addresses, seen = "", {}, collections.Counter()
    for zone, folder in zones:
        number = seen[zone.origin]
        seen[zone.origin] += 1
        addresses[folder] = f"127.0.{number // 250}.{number % 250 + 1}"
        text += BLOCK.format(zone=zone, path=os.path.join(folder, zone.path), address=addresses[folder])
    return text, addresses


def server_readings(binary, zones):
    """{folder: Reading}: what the server hands out. At start it prints what is wrong with each file; those that it
    refuses are left out then, and it is started again."""
    if not Kdig.available():
        raise answers.LeftOut("kdig is not there")
    readings = {}
    while len(readings) < len(zones):
        rest = [(zone, folder) for zone, folder in zones if folder not in readings]
        text, addresses = corefile(rest)
        with Server(binary, text) as server:
            try:
                server.listening(60)
            except Failed:
                log = process.log_text(server.folder).splitlines()
                refused = {folder: Reading(None, line) for folder in addresses for line in log if f" {folder}/" in line}
                if not refused:
                    raise
                readings.update(refused)
                continue
            for zone, folder in rest:
                command = [Kdig.available(), "@" + addresses[folder], "-p", str(server.port), "+noall", "+answer",
                           "+retry=0", "+time=10", zone.origin, "AXFR"]
                done = subprocess.run(command, capture_output=True, text=True, timeout=30)
                readings[folder] = Reading(records_of(done.stdout) or None, done.stdout + done.stderr)
    return readings


def shown(records):
    return " ".join(" ".join(str(field) for field in record)[:200] for record in records[:5]) or "nothing"


def difference(theirs, ours):
    """In what two readings differ; None: they agree."""
    if theirs.records is None and ours.records is None:
        return None
    if theirs.records is None:
        return f"only named-checkzone refuses it: {theirs.complaint.strip()}"
    if ours.records is None:
        return f"only the server refuses it: {ours.complaint.strip()}"
    only_theirs, only_ours = (sorted((collections.Counter(some) - collections.Counter(others)).elements())
                              for some, others in ((theirs.records, ours.records), (ours.records, theirs.records)))
    if not only_theirs and not only_ours:
        return None
    return f"only named-checkzone: {shown(only_theirs)}\n    only the server: {shown(only_ours)}"


def agree(binary, folder, holding, explained):
    """Compares the zone files; those of one origin and text once."""
    groups = zone_sources.distinct(holding)
    zones = [(group[0], os.path.join(folder, str(number))) for number, group in enumerate(groups)]
    for zone, inner in zones:
        write(zone, inner)
    ours, different, met, refused = server_readings(binary, zones), [], set(), 0
    for group, (zone, inner) in zip(groups, zones):
        theirs = bind_reading(zone, inner)
        refused += theirs.records is None and ours[inner].records is None
        found = difference(theirs, ours[inner])
        if not found:
            continue
        reasons = {key: explained[key] for each in group for key in [(each.holder, each.path)] if key in explained}
        if any(re.match(pattern, found) for pattern, _ in reasons.values()):
            met |= set(reasons)
            print("".join(f"  {' '.join(key)} differs: {reason}\n" for key, (_, reason) in reasons.items()), end="")
        else:
            different.append(f"{zone.holder} {zone.path} ({zone.origin}): {found}".replace(inner + "/", ""))
    different += [f"{' '.join(key)}: the difference that is explained is not there" for key in set(explained) - met]
    print(f"  {sum(map(len, groups))} zone files, {len(groups)} distinct, {refused} of them refused by both")
    if different:
        raise Failed(f"{len(different)} zone files differ:\n  " + "\n  ".join(different))


def of_golden(_, binary, folder):
    """Those of the scenarios and Corefiles for which CoreDNS's answers are recorded."""
    agree(binary, folder, [*zone_sources.of_scenarios(), *zone_sources.of_corefiles()], EXPLAINED_OF_GOLDEN)


def of_tests(_, binary, folder, texts):
    """Those of the fuzz corpus, in the tests' programs, and `texts`; signed ones too."""
    for how in answers.SIGNED:
        os.mkdir(os.path.join(folder, how))
        texts = {**texts, f"signed {how}": answers.signed(os.path.join(folder, how), how)}
    agree(binary, folder, [*zone_sources.of_fuzz_corpus(), *zone_sources.of_programs(), *zone_sources.of_texts(texts)],
          EXPLAINED_OF_TESTS)


def broken(_, binary, folder, table):
    """Both refuse each, and the server names file and line, with `-check` too."""
    zones, places = [], []
    for number, (zone, place) in enumerate(broken_zones(table)):
        zones.append((zone, os.path.join(folder, str(number))))
        places.append(place)
        write(*zones[-1])
    ours, wrong = server_readings(binary, zones), []
    with open(os.path.join(folder, "Corefile"), "w") as target:
        target.write(corefile(zones)[0].replace("{PORT}", "53"))
    checked = subprocess.run([binary, "-check", "-conf", target.name], capture_output=True, text=True, timeout=60)
    for (zone, inner), place in zip(zones, places):
        if checked.returncode != 1 or f" {inner}/{place}: " not in checked.stdout + checked.stderr:
            wrong.append(f"{zone.holder}: -check does not refuse it at {place}")
        if bind_reading(zone, inner).records is not None:
            wrong.append(f"{zone.holder}: named-checkzone takes it")
        served = ours[inner].records
        if served is not None:
            about = [each for each in served if each[2] in zone.holder.split()] or served
            wrong.append(f"{zone.holder}: not refused but served as {shown(about)}")
        elif f" {inner}/{place}: " not in ours[inner].complaint:
            wrong.append(f"{zone.holder}: expected {place} in {ours[inner].complaint!r}")
    if wrong:
        raise Failed(f"{len(wrong)} of {len(zones)} broken zone files:\n  " + "\n  ".join(wrong))
