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
            if not {"expect", "matches", "adds"} & set(entry):
                raise SystemExit(f"{path}: an entry would allow any answer: {entry}")
            entry["_used"] = entry["_seen"] = 0
        self._lock = threading.Lock()

    def entry(self, suite, scenario, query):
        for entry in self.entries:
            queries = [entry["query"]] if isinstance(entry["query"], str) else entry["query"]
            if (entry["suite"] == suite and fnmatch.fnmatchcase(scenario, entry["scenario"])
                    and any(fnmatch.fnmatchcase(str(query), one) for one in queries)):
                return entry
        return None

    def allows(self, suite, scenario, query, want, got, same):
        """Whether a difference of `got` from the recorded `want` is an allowed one (differences.json says what an entry
        can ask for); `same(want, got)` compares as the suite does."""
        entry = self.entry(suite, scenario, query)
        if entry is None:
            return False
        if "was" in entry and want.get("rcode") != entry["was"]:
            return False
        if "expect" in entry and not same(entry["expect"], got):
            return False
        if "matches" in entry and not re.search(entry["matches"], json.dumps(got)):
            return False
        if "adds" in entry and not adds_proofs(want, got, entry["adds"], entry.get("lacks", []), same):
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
            query = entry["query"] if isinstance(entry["query"], str) else f"{entry['query'][0]}, ..."
            where = f"{entry['suite']}/{entry['scenario']}/{query}"
            if entry["_used"]:
                lines.append(f"difference {where} ({entry['_used']}): {entry['ours']}; {entry['reason']}")
            elif entry["_seen"]:
                lines.append(f"difference {where} is listed but was not found: answers are as recorded")
        return lines


def adds_proofs(want, got, adds, lacks, same):
    """Whether the authority section of `got` has signed records of the types `adds`, beyond what was recorded, and but
    for those the answer is as recorded. It need not have recorded records of the types `lacks`. Recorded signatures of
    expanded wildcards are put under the name that was asked, where RFC 4035 section 3.1.3 wants them."""
    kept = [record for record in want.get("authority", []) if covered(record) not in lacks]
    proofs = [record for record in got.get("authority", []) if covered(record) in adds and record not in kept]
    rest = [record for record in got.get("authority", []) if record not in proofs]
    return ({covered(record) for record in proofs if is_signature(record)} == set(adds)
            and same({**want, "answer": under_their_names(want.get("answer", [])), "authority": kept},
                     {**got, "authority": rest}))


def is_signature(record):
    return record.split(" ")[3] == "RRSIG"


def covered(record):
    """A record's type; a signature's is that of the records it signs."""
    return record.split(" ")[4 if is_signature(record) else 3]


def under_their_names(records):
    def name(record):
        owner, rest = record.split(" ", 1)
        if not (owner.startswith("*.") and is_signature(record)):
            return record
        signed = [other.split(" ")[0] for other in records
                  if not is_signature(other) and covered(other) == covered(record)]
        return f"{next((other for other in signed if other.endswith(owner[1:])), owner)} {rest}"
    return [name(record) for record in records]
