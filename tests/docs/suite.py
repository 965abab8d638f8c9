#!/usr/bin/python3
"""Whether the documents tell the truth: every Corefile they show is started, and the metrics they name are those that
there are, with the labels and buckets that were recorded of CoreDNS.

    suite.py --server build/release/portolan [--only GLOB]

Each case prints `ok NAME`, `left out NAME: why` or `FAILED NAME: why`."""
import argparse
import fnmatch
import json
import os
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE] + [os.path.join(os.path.dirname(HERE), folder) for folder in ("golden", "cluster")]

import corefiles  # noqa: E402
import metrics  # noqa: E402
from documents import LeftOut  # noqa: E402
from server import Failed  # noqa: E402


class Report:
    """Counts, and prints as it goes."""

    def __init__(self):
        self.passed, self.failed, self.left_out = 0, 0, {}

    def __call__(self, name, outcome):
        """`outcome` raises, or returns what is to be said beside that it is good."""
        try:
            said = outcome()
            self.passed += 1
            print(f"ok {name}" + (f" ({said})" if said else ""), flush=True)
        except LeftOut as why:
            self.left_out.setdefault(str(why), []).append(name)
        except Failed as why:
            self.failed += 1
            print(f"FAILED {name}: {why}", flush=True)
        except Exception:
            self.failed += 1
            print(f"FAILED {name}: {traceback.format_exc()}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--only", default="*", metavar="GLOB")
    parser.add_argument("--counts", help="write the counts to this file as JSON")
    options = parser.parse_args()
    binary, report = os.path.abspath(options.server), Report()

    def wanted(cases):
        return [(name, function) for name, function in cases if fnmatch.fnmatch(name, options.only)]

    corefiles.run(wanted(corefiles.cases(binary)), report)
    for name, function in wanted(metrics.cases(binary)):
        report(name, function)
    for why, names in report.left_out.items():
        print(f"left out {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "") + f": {why}")
    print(f"docs: {report.passed + report.failed} cases, {report.failed} failed")
    if options.counts:
        with open(options.counts, "w") as target:
            json.dump({"passed": report.passed, "failed": report.failed}, target)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
