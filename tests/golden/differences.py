"""The one list of allowed differences from the recorded answers (differences.json)."""
import fnmatch
import json
import re
import threading


class Differences:
    """Finds the entry that allows a difference, and remembers which entries were needed."""

    def __init__(self, path):
        with open(path) as source:
            self.entries = json.load(source)["differences"]
        for entry in self.entries:
            for field in ("suite", "scenario", "query", "reason", "ours"):
                if field not in entry:
                    raise SystemExit(f"{path}: an entry lacks {field!r}: {entry}")
            entry["_used"] = entry["_seen"] = 0
        self._lock = threading.Lock()

    def entry(self, suite, scenario, query):
        for entry in self.entries:
            if (entry["suite"] == suite and fnmatch.fnmatchcase(scenario, entry["scenario"])
                    and fnmatch.fnmatchcase(str(query), str(entry["query"]))):
                return entry
        return None

    def allows(self, suite, scenario, query, got, equals_override=None):
        """Whether a difference found is an allowed one. An entry with "expect" allows that answer only
        (`equals_override(expect)` compares it with `got`), one with "matches" answers whose JSON text matches."""
        entry = self.entry(suite, scenario, query)
        if entry is None:
            return False
        if "expect" in entry and (equals_override is None or not equals_override(entry["expect"])):
            return False
        if "matches" in entry and not re.search(entry["matches"], json.dumps(got)):
            return False
        with self._lock:
            entry["_used"] += 1
        return True

    def seen(self, suite, scenario, query):
        """Notes that a question an entry names was asked."""
        entry = self.entry(suite, scenario, query)
        if entry:
            with self._lock:
                entry["_seen"] += 1

    def report(self):
        """Lines for the end of a run: what was allowed and why, and entries that nothing needed."""
        lines = []
        for entry in self.entries:
            where = f"{entry['suite']}/{entry['scenario']}/{entry['query']}"
            if entry["_used"]:
                lines.append(f"difference {where} ({entry['_used']}): {entry['ours']}; {entry['reason']}")
            elif entry["_seen"]:
                lines.append(f"difference {where} is listed but was not found: answers are as recorded")
        return lines
