"""The zone files that the tests hold: of the recorded scenarios, of the fuzz corpus, and as texts in programs."""
import ast
import collections
import functools
import glob
import ipaddress
import json
import os
import re

from peers import HERE
from server import process  # noqa: F401  puts tests/golden in the path
import corefile  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))
SOA = re.compile(r"^\S*\s+(\w+\s+){0,2}SOA\s+\S+\s+\S+\s+[(\d]", re.MULTILINE)
ORIGIN = re.compile(r"^\$ORIGIN\s+(\S+\.)\s*$", re.MULTILINE)
USUAL_ORIGIN = "alder.test."  # of texts that say none; what is relative to it fits under any
RAW_STRING = re.compile(r'R"\((.*?)\)"', re.DOTALL)

# `holder` has the file `path` among its `files` (path -> text).
ZoneFile = collections.namedtuple("ZoneFile", "holder path origin files")


def origin_of(key):
    """The zone that a server block's key names: ZONE:PORT, SCHEME://ZONE:PORT, or a network."""
    name = re.sub(r":[^:/]*$", "", re.sub(r"^\w+://", "", key)).lower()
    if "/" not in name:
        return name.rstrip(".") + "."
    network = ipaddress.ip_network(name)
    labels = network.network_address.reverse_pointer.split(".")
    bits = 8 if network.version == 4 else 4
    return ".".join(labels[(network.max_prefixlen - network.prefixlen) // bits:]) + "."


def origins_by_name(pattern, template, name):
    """What *auto* makes of a file's name."""
    found = re.search(pattern, name)
    return [origin_of(re.sub(r"\{(\d)\}", lambda group: found.group(int(group.group(1))), template))] if found else []


def readers(text):
    """(path, origins of the zones in it) of each file or folder that the Corefile's zone directives read; the origins
    of a folder are a function of the file's name."""
    uses, keys, root, auto, depth = [], [], "", False, 0
    for words in corefile.lines(text):
        body = [word.replace("{DIR}/", "") for word in words if word not in ("{", "}")]
        if depth == 0 and body:
            keys, root = body, ""
        elif depth == 1 and body:
            auto = body[0] == "auto"
            if body[0] == "root" and len(body) > 1:
                root = body[1]
            elif body[0] in ("file", "sign") and len(body) > 1:
                uses.append((os.path.join(root, body[1]), [origin_of(each) for each in body[2:] or keys]))
        elif depth == 2 and auto and body and body[0] == "directory" and len(body) in (2, 4):
            pattern, template = body[2:] or (r"db\.(.*)", "{1}")
            uses.append((os.path.join(root, body[1]), functools.partial(origins_by_name, pattern, template)))
        depth += words.count("{") - words.count("}")
    return uses


def origins(path, text, uses):
    """The zones that are read from the file; of a zone file that no directive reads, the one that it names."""
    found = []
    for read, names in uses:
        if callable(names) and os.path.dirname(path) == read:
            found += names(os.path.basename(path))
        elif read == path:
            found += names
    if not found and SOA.search(text):
        found = (ORIGIN.findall(text) or [USUAL_ORIGIN])[:1]
    return sorted(set(found))


def of_holder(holder, corefiles, files):
    uses = [each for text in corefiles for each in readers(text)]
    for path, text in files.items():
        for origin in origins(path, text, uses):
            yield ZoneFile(holder, path, origin, files)


def of_scenarios():
    for path in sorted(glob.glob(os.path.join(ROOT, "tests/golden/*/scenarios/*.json"))):
        with open(path) as source:
            scenario = json.load(source)
        upstream = scenario.get("upstream") or []
        corefiles = [scenario["corefile"]]
        corefiles += [each["corefile"] for each in (upstream if isinstance(upstream, list) else [upstream])
                      if each["kind"] == "corefile"]
        files = dict(scenario.get("files") or {})
        holder = "/".join(path.split("/")[-3::2])[:-len(".json")]
        yield from of_holder(holder, corefiles, files)
        for query in scenario.get("queries", ()):
            if query.get("action") == "write":
                yield from of_holder(f"{holder} {query['id']}", corefiles, {**files, query["path"]: query["text"]})


def of_corefiles():
    """Of the Corefiles that CoreDNS took or refused."""
    with open(os.path.join(ROOT, "tests/golden/core/corefile_errors.json")) as source:
        rows = json.load(source)
    for row in rows["cases"]:
        yield from of_holder("corefile_errors " + row["id"], [row["corefile"]], row.get("files") or {})


def of_fuzz_corpus():
    folder = os.path.join(ROOT, "tests/fuzz/corpus/zone")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), errors="surrogateescape") as source:
            yield ZoneFile("fuzz corpus", name, USUAL_ORIGIN, {name: source.read()})


def of_programs():
    """Zone texts that stand whole in the tests' Python and C++."""
    for pattern in ("tests/**/*.py", "**/*_test.cc"):
        for path in sorted(glob.glob(os.path.join(ROOT, pattern), recursive=True)):
            if os.path.basename(path) == "broken_zones.py":  # its lines with mistakes are marked
                continue
            with open(path) as source:
                code = source.read()
            if path.endswith(".py"):
                tree = ast.parse(code)
                parts = {id(part) for each in ast.walk(tree) if isinstance(each, ast.JoinedStr) for part in each.values}
                texts = [each.value for each in ast.walk(tree)
                         if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in parts]
            else:
                texts = RAW_STRING.findall(code)
            for number, text in enumerate(text for text in texts if SOA.search(text) and "\n" in text):
                name = f"zone{number}"
                for origin in origins(name, text, ()):
                    yield ZoneFile(os.path.relpath(path, ROOT), name, origin, {name: text})


def of_texts(texts):
    for name, text in texts.items():
        yield from of_holder(name, (), {"zone": text})


def distinct(zones):
    """Each origin and text once: (zone file, all its holders)."""
    found = {}
    for zone in zones:
        text = zone.files[zone.path]
        included = tuple(sorted(zone.files.items())) if "$INCLUDE" in text else ()
        found.setdefault((zone.origin, text, included), []).append(zone)
    return list(found.values())
