"""deploy/prometheus and deploy/grafana: what they ask for is what the READMEs say there is."""
import glob
import json
import os
import re
import shutil
import subprocess

import yaml

from bench import ROOT, Failed, LeftOut, expect

ALERTS = os.path.join(ROOT, "deploy", "prometheus", "alerts.yaml")
DASHBOARD = os.path.join(ROOT, "deploy", "grafana", "portolan.json")
METRIC = re.compile(r"\b(?:coredns|portolan|process)_[a-z0-9_]+\b")
OF_PROMETHEUS = {"job", "instance", "le"}


def documented():
    """{metric: labels} of all READMEs of plugins."""
    found = {}
    for path in glob.glob(os.path.join(ROOT, "plugins", "*", "README.md")):
        with open(path) as source:
            text = source.read()
        for name, labels in re.findall(r"`((?:coredns|portolan|process)_[a-z0-9_]+)(?:\{([^}`]*)\})?`", text):
            found.setdefault(name, set()).update(label.strip() for label in labels.split(",") if label.strip())
    return found


def alerts():
    with open(ALERTS) as source:
        return [rule for group in yaml.safe_load(source)["groups"] for rule in group["rules"]]


def expressions():
    """[(where, expression)] of alerts and dashboard."""
    found = [(rule["alert"], rule["expr"]) for rule in alerts()]
    with open(DASHBOARD) as source:
        panels = json.load(source)["panels"]
    return found + [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]


def every_metric_of_alerts_and_dashboard_is_documented(_):
    known, used = documented(), set()
    for where, text in expressions():
        names = {re.sub(r"(_seconds|_bytes)_(bucket|sum|count)$", r"\1", name) for name in METRIC.findall(text)}
        if not names and "up{" not in text:
            raise Failed(f"{where} asks for no metric: {text}")
        expect(sorted(names - set(known)), [], f"metrics of {where!r} that no README has")
        labels = set().union(OF_PROMETHEUS, *(known[name] for name in names))
        for group in re.findall(r"\bby \(([^)]*)\)", text):
            expect(sorted({label.strip() for label in group.split(",")} - labels), [], f"labels of {where!r}")
        used |= names
    expect(len(used) > 20, True, "metrics in use")


def every_histogram_is_asked_for_by_its_buckets(_):
    for where, text in expressions():
        asked = re.findall(r"histogram_quantile\([^,]+,\s*sum", text)
        expect(len(re.findall(r"_bucket\b", text)), len(asked), f"buckets of {where!r}")
        if asked:
            expect("le" in re.search(r"by \(([^)]*)\)", text).group(1), True, f"le in {where!r}")


def every_alert_says_what_is_the_matter(_):
    for rule in alerts():
        severity, summary = rule["labels"]["severity"], rule["annotations"]["summary"]
        expect((severity in ("warning", "critical"), bool(summary)), (True, True), rule["alert"])
        named = set(re.findall(r"\$labels\.(\w+)", summary))
        grouped = re.search(r"by \(([^)]*)\)", rule["expr"])
        if grouped:
            expect(sorted(named - {label.strip() for label in grouped.group(1).split(",")}), [],
                   f"labels that {rule['alert']} speaks of and has not")


def prometheus_takes_the_alerts(_):
    if not shutil.which("promtool"):
        raise LeftOut("no promtool")
    done = subprocess.run(["promtool", "check", "rules", ALERTS], capture_output=True, text=True)
    expect(done.returncode, 0, f"promtool's exit status ({done.stdout.strip()} {done.stderr.strip()})")


CASES = [every_metric_of_alerts_and_dashboard_is_documented, every_histogram_is_asked_for_by_its_buckets,
         every_alert_says_what_is_the_matter, prometheus_takes_the_alerts]
