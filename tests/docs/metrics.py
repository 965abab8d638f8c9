"""The metrics: what the sources define, what the documents name, what was recorded of CoreDNS, and what a scrape of a
server with everything on shows. All four must agree.

A definition is read from the source as it stands there: the name in full, and behind it the help, the labels and the
buckets. What cannot be read so (labels made by code) is learned from the scrape."""
import json
import math
import os
import re
import subprocess

import everything
from documents import ROOT, text_of, tree
from server import Failed

NAME = r"(?:coredns|portolan|process)_[a-z0-9_]+"
HELP = r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*'
DEFINITION = re.compile(rf'"({NAME})"\s*,\s*{HELP}(?:\s*,\s*\{{([^{{}}]*)\}}(?:\s*,\s*([^;]*))?)?', re.S)
LITERAL = re.compile(rf'"({NAME})"')
KINDS = (("HistogramFamily", "histogram"), ("CounterFamily", "counter"), ("GaugeFamily", "gauge"),
         ("Computed::counter", "counter"), ("Computed::gauge", "gauge"), ("counter(", "counter"), ("gauge(", "gauge"))
# What counts answers of a transport exists when the transport is built.
TRANSPORT = re.compile(r"^coredns_dns_(https3?|quic|grpc)_responses_total$")


class Family:
    """One metric; `labels` in the order of their declaration and `buckets` are None where the source does not say."""

    def __init__(self, place, kind, labels, buckets):
        self.place, self.kind, self.labels, self.buckets = place, kind, labels, buckets


def words(text):
    return re.findall(r'"([^"]*)"', text)


def buckets_of(expression, text):
    """The bounds that a C++ expression stands for, or None. A function's are those in its body."""
    call = re.match(r"\s*([\w:]+)\(\)", expression)
    if call:
        body = re.search(rf"\b{re.escape(call.group(1))}\(\)\s*\{{(.*?)^\}}", text, re.S | re.M)
        expression = body.group(1) if body else ""
    made = re.search(r"exponential_bounds\(([^)]*)\)", expression)
    if made:
        start, factor, count = (float(part) for part in made.group(1).split(","))
        return [start * factor ** i for i in range(int(count))]
    listed = re.search(r"\{([-\d.eE+,\s]+)\}", expression)
    return [float(part) for part in listed.group(1).split(",") if part.strip()] if listed else None


def source_files():
    return [name for name in tree(r"^(base|cluster|corefile|dns|plugins|server|zones)/.*\.(cc|h)$")
            if not name.endswith(("_test.cc", "_test.h"))]


def definitions():
    """{name: [Family]} of every metric that is named in the sources."""
    found = {}
    for path in source_files():
        text = text_of(path)
        read = {match.start(1): match for match in DEFINITION.finditer(text)}
        for literal in LITERAL.finditer(text):
            place = f"{path}:{text.count(chr(10), 0, literal.start()) + 1}"
            family = defined_here(place, text, literal.start(), read.get(literal.start(1)))
            found.setdefault(literal.group(1), []).append(family)
    return found


def defined_here(place, text, start, match):
    """The Family whose name stands at `start`, as far as it can be read; what precedes the name tells the kind."""
    before = text[max(0, start - 160):start]
    at, kind = max((before.rfind(word), kind) for word, kind in KINDS)
    if at < 0 or not match:
        return Family(place, kind if at >= 0 else None, None, None)
    labels = buckets = None
    if match.group(2) is not None:
        labels = words(match.group(2))
    elif before.startswith("Computed", at) or text[match.end():].lstrip()[:1] in (")", "}"):
        labels = []  # nothing behind the help, or the function that computes the value
    if kind == "histogram" and match.group(3):
        buckets = buckets_of(match.group(3), text)
    return Family(place, kind, labels, buckets)


def documented(pattern):
    """[(place, name, labels or None)] of the names that documents say."""
    found = []
    for path in tree(pattern):
        text = text_of(path)
        for match in re.finditer(rf"\b({NAME})(\*)?(?:\{{([^}}]*)\}})?", text):
            place = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
            labels = None if match.group(3) is None else [word for word in re.split(r"[,\s]+", match.group(3)) if word]
            if labels and "=" in match.group(3):  # a query, which says some labels only
                labels = None
            found.append((place, match.group(1) + (match.group(2) or ""), labels))
    return found


def recorded():
    """{name: record} of CoreDNS's own metrics; `labels` and `buckets` as they were exposed."""
    golden = os.path.join(ROOT, "tests", "golden")
    with open(os.path.join(golden, "core", "metrics.json")) as source:
        families = json.load(source)["metrics"]
    with open(os.path.join(golden, "kubernetes", "metrics.json")) as source:
        families = families + json.load(source)["families"]
    known = {}
    for family in families:
        if family["name"].startswith("coredns_"):
            known.setdefault(family["name"], []).append(family)
    return known


def built_plugins(binary):
    printed = subprocess.run([binary, "-plugins"], capture_output=True, text=True, timeout=60, check=True).stdout
    return {line.strip().split(".")[-1] for line in printed.splitlines() if line.strip()}


def plugin_of(name, record):
    """The directive that a recorded metric belongs to."""
    known = {"dns": "prometheus", "panics": "prometheus", "build": "prometheus", "plugin": "prometheus",
             "proxy": "forward"}
    part = next((word for word in ("k8s_external",) if name.startswith(f"coredns_{word}_")), name.split("_")[1])
    return record.get("plugin") or known.get(part, part)


def unbuilt_schemes():
    with open(os.path.join(ROOT, "tests", "golden", "unbuilt_options.json")) as source:
        return {entry["scheme"] for entry in json.load(source)["options"] if "scheme" in entry}


def same_buckets(left, right):
    return len(left) == len(right) and all(math.isclose(a, b, rel_tol=1e-9) for a, b in zip(left, right))


class Metrics:
    """The four views, read once; each case compares two of them."""

    def __init__(self, binary):
        self.binary = binary
        self.defined = definitions()
        self.documents = documented(r"^(?!tests/).*\.md$")
        self._scrape = self._failure = None

    def scrape(self):
        if self._failure:
            raise Failed("there is no scrape")  # the case before says why
        if self._scrape is None:
            try:
                self._scrape = everything.scrape(self.binary)
            except Failed as failure:
                self._failure = failure
                raise
        return self._scrape

    def every_metric_is_named_by_a_readme(self):
        named = {name for place, name, _ in self.documents if re.match(r"plugins/\w+/README\.md:", place)}
        missing = [f"{families[0].place}: {name}" for name, families in self.defined.items() if name not in named]
        missing += [f"the scrape: {name}" for name in self.scrape() if name not in named | set(self.defined)]
        finding(missing, "no README of a plugin names")
        return f"{len(self.defined)} metrics"

    def every_metric_that_is_named_exists(self):
        def exists(name):
            if name.endswith("*"):
                return any(known.startswith(name[:-1]) for known in self.defined)
            plain = re.sub(r"_(bucket|sum|count)$", "", name)
            kinds = {family.kind for family in self.defined.get(plain, [])}
            return name in self.defined or "histogram" in kinds
        finding([f"{place}: {name}" for place, name, _ in self.documents if not exists(name)], "does not exist")
        return f"{len({name for _, name, _ in self.documents})} names"

    def documented_labels_are_the_labels(self):
        wrong, compared = [], 0
        for place, name, labels in self.documents:
            true = self.labels(name)
            if labels is None or true is None:
                continue
            compared += 1
            if sorted(labels) != sorted(true):
                wrong.append(f"{place}: {name} has the labels {', '.join(true) or 'none'}, not {', '.join(labels)}")
        finding(wrong, "other labels")
        return f"{compared} lists"

    def labels(self, name):
        """As the source says, else as the scrape does; None when neither does."""
        for family in self.defined.get(name, []):
            if family.labels is not None:
                return family.labels
        return self.scrape()[name].labels if name in self.scrape() else None

    def definitions_of_one_name_agree(self):
        wrong = []
        for name, families in self.defined.items():
            if len({(family.kind, tuple(family.labels or ())) for family in families}) > 1:
                wrong.append(f"{name}: " + ", ".join(family.place for family in families))
        wrong += [f"{families[0].place}: {name}" for name, families in self.defined.items()
                  if families[0].kind is None or name.endswith("_")]
        finding(wrong, "defined in two ways, or in none that can be read")

    def recorded_metrics_are_here(self):
        """Name, type, labels and buckets, of all directives that are built."""
        built, missing_transports, wrong, compared = built_plugins(self.binary), unbuilt_schemes(), [], 0
        for name, records in recorded().items():
            transport = TRANSPORT.match(name)
            if plugin_of(name, records[0]) not in built:
                continue
            if transport and transport.group(1) in missing_transports:
                continue
            compared += 1
            if name not in self.defined:
                wrong.append(f"{name}: not here")
                continue
            for record in records:
                wrong += [f"{name}: {what}" for what in self.unlike(name, record)]
        finding(wrong, "not as recorded")
        return f"{compared} metrics"

    def unlike(self, name, record):
        """What differs from a recorded family."""
        families = self.defined[name]
        if record["type"] not in {family.kind for family in families}:
            yield f"a {families[0].kind}, recorded was a {record['type']}"
        labels = self.labels(name)
        if labels is None:
            yield f"{families[0].place}: its labels cannot be read, and no scrape shows them"
        elif sorted(labels) != sorted(record["labels"]):
            yield f"labels {labels}, recorded were {record['labels']}"
        if "buckets" in record:
            want = [float(bound) for bound in record["buckets"] if bound != "+Inf"]
            got = next((family.buckets for family in families if family.buckets is not None), None)
            if got is None and name in self.scrape():
                got = self.scrape()[name].buckets
            if got is None:
                yield f"{families[0].place}: its buckets cannot be read, and no scrape shows them"
            elif not same_buckets(got, want):
                yield f"buckets {got}, recorded were {want}"

    def the_scrape_is_as_the_sources_say(self):
        wrong = []
        for name, seen in self.scrape().items():
            families = self.defined.get(name)
            if not families:
                wrong.append(f"{name}: no source names it")
                continue
            if seen.kind not in {family.kind for family in families}:
                wrong.append(f"{name}: a {seen.kind}, {families[0].place} says {families[0].kind}")
            for family in families:
                if family.labels is not None and sorted(family.labels) != sorted(seen.labels):
                    wrong.append(f"{name}: labels {seen.labels}, {family.place} says {family.labels}")
                if family.buckets is not None and not same_buckets(family.buckets, seen.buckets):
                    wrong.append(f"{name}: buckets {seen.buckets}, {family.place} says {family.buckets}")
        finding(wrong, "otherwise in a scrape")
        return f"{len(self.scrape())} of {len(self.defined)} metrics seen"


def finding(places, what):
    if places:
        raise Failed(f"{what}:\n   " + "\n   ".join(sorted(places)[:40]))


def cases(binary):
    metrics = Metrics(binary)
    return [("metrics " + function.__name__, function) for function in (
        metrics.every_metric_is_named_by_a_readme, metrics.every_metric_that_is_named_exists,
        metrics.documented_labels_are_the_labels, metrics.definitions_of_one_name_agree,
        metrics.recorded_metrics_are_here, metrics.the_scrape_is_as_the_sources_say)]
