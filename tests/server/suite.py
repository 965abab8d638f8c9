#!/usr/bin/python3
"""The whole process, started with a Corefile and asked over loopback: listening, pressure, reload, signals, start,
transfers, DNSSEC, what stands in front of the chain.

One function a case, each prints `ok NAME`, `left out NAME: why` or `FAILED NAME: why`.

    suite.py --server build/release/portolan [--only GLOB]"""
import argparse
import fnmatch
import json
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import client  # noqa: E402
import fronting  # noqa: E402
import listening  # noqa: E402
import pressure  # noqa: E402
import processes  # noqa: E402
import reloading  # noqa: E402
import routing  # noqa: E402
import transferring  # noqa: E402
import validating  # noqa: E402
import watching  # noqa: E402

CASES = (listening.CASES + pressure.CASES + reloading.CASES + processes.CASES + routing.CASES +
         transferring.CASES + fronting.CASES + watching.CASES + validating.CASES)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--only", default="*", metavar="GLOB")
    parser.add_argument("--counts", help="write the counts to this file as JSON")
    parser.add_argument("--times", action="store_true", help="say how long each case took")
    options = parser.parse_args()
    binary = os.path.abspath(options.server)
    passed = failed = 0
    for case in CASES:
        if not fnmatch.fnmatch(case.__name__, options.only):
            continue
        begin = time.time()
        try:
            case(binary)
            passed += 1
            took = f" ({time.time() - begin:.1f} s)" if options.times else ""
            print(f"ok {case.__name__}{took}", flush=True)
        except client.LeftOut as why:
            print(f"left out {case.__name__}: {why}", flush=True)
        except client.Failed as why:
            failed += 1
            print(f"FAILED {case.__name__}: {why}", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED {case.__name__}: {traceback.format_exc()}", flush=True)
    print(f"server: {passed + failed} cases, {failed} failed")
    if options.counts:
        with open(options.counts, "w") as target:
            json.dump({"passed": passed, "failed": failed}, target)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
