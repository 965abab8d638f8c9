"""The table of tests/bench/run: rows of figures beside their goals, and the rounds that give them."""
import dataclasses
import os
import statistics

import answers
from measure import measure
from peers import LOAD

WINDOW = 128
LOST = 0.001  # the share of questions that a measurement may lose: other programs have the cores, too


@dataclasses.dataclass
class Row:
    """One line of the table. `bound` says how the figure stands to the goal: at least, at most, or equal."""
    what: str
    figures: list = dataclasses.field(default_factory=list)
    goal: float = None
    bound: str = "≥"
    unit: str = ""
    note: str = ""
    left_out: str = ""

    def cells(self):
        if self.left_out:
            return self.what, "", self._goal(), f"left out: {self.left_out}", ""
        figure = number(self.median()) + self.unit
        if len(self.figures) > 1:
            figure += f" ({number(min(self.figures))} to {number(max(self.figures))})"
        return self.what, figure, self._goal(), self._verdict(), self.note

    def median(self):
        return statistics.median(self.figures)

    def _goal(self):
        return "" if self.goal is None else f"{self.bound} {number(self.goal)}{self.unit}"

    def _verdict(self):
        if self.goal is None:
            return ""
        short = {"≥": self.goal - self.median(), "≤": self.median() - self.goal,
                 "=": abs(self.median() - self.goal)}[self.bound]
        if short <= 0:
            return "ok"
        return f"short by {short / self.goal:.1%}" if self.goal else f"short by {number(short)}{self.unit}"


def number(value):
    return f"{value:,.{0 if value == int(value) or abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"


class Bench:
    """The server to measure, how long, the rows so far, and the faults: answers that were wrong or lost."""

    def __init__(self, binary, rounds, seconds):
        self.command, self.rounds, self.seconds = [binary], rounds, seconds
        self.rows, self.faults = [], []

    def row(self, what, figures, goal=None, bound="≥", unit="", note=""):
        self.rows.append(Row(what, list(figures), goal, bound, unit, note))

    def left_out(self, what, why, goal=None, bound="≥", unit=""):
        self.rows.append(Row(what, goal=goal, bound=bound, unit=unit, left_out=why))

    def cost(self, what, peer, mine, goal=None, name="peer"):
        """How many times the server's CPU time an answer the peer needs, in the same round."""
        self.row(what, ratios(peer, mine, "cpu_us"), goal,
                 note=f"{middle(mine, 'cpu_us'):.2f} µs, {name} {middle(peer, 'cpu_us'):.2f} µs")

    def costs_against(self, what, rows, questions, goals):
        """A row for each peer of `goals`, from interleaved rows of `project` and of those peers that are there."""
        for peer, goal in goals.items():
            if (peer, questions) in rows:
                self.cost(f"{what}, against {peer}", rows[peer, questions], rows["project", questions], goal, peer)
            else:
                self.left_out(f"{what}, against {peer}", f"{peer} is not installed", goal)

    # ---- measuring
    def interleaved(self, pairs, rounds=None, steady=True, **more):
        """Every (server, list of questions) once a round: {(server's name, list): a row for each round}."""
        rows = {(server.name, questions): [] for server, questions in pairs}
        for _ in range(rounds or self.rounds):
            for server, questions in pairs:
                rows[server.name, questions].append(self.once(server, questions, steady, **more))
        return rows

    def once(self, server, questions, steady=True, **more):
        """One measurement. `steady`: the load has a core for itself; where something else took it, once more."""
        for _ in range(3):
            row = measure(server, questions, self.seconds, load_core=LOAD, **{"window": WINDOW, **more})
            if row["client_share"] > 0.8 or not steady:
                break
        self.check(server.name, row)
        return row

    def check(self, name, row):
        if not row["answered"]:
            raise SystemExit(f"{name} answers nothing of {row['list']}")
        if "project" not in name:
            return
        failed = sum(count for rcode, count in row["rcodes"].items() if rcode not in ("NOERROR", "NXDOMAIN"))
        if row["lost"] > LOST * row["sent"]:
            self.faults.append(f"{name}, {row['list']}: {row['lost']} of {row['sent']} lost")
        if failed or row["bad"]:
            self.faults.append(f"{name}, {row['list']}: {failed} failed, {row['bad']} answer another question")

    def checked(self, compare, servers, lists):
        """Some answers of each list, by answers.right or answers.equal, from all servers that are not udpecho."""
        bad = compare([server for server in servers if not server.name.startswith("udpecho")], lists)
        if bad:
            self.faults.append(f"{bad} answers of {', '.join(os.path.basename(x) for x in lists)} are wrong or missing")

    def right(self, servers, lists):
        self.checked(answers.right, servers, lists)

    def equal(self, servers, lists):
        self.checked(answers.equal, servers, lists)


def middle(rows, key):
    return statistics.median(row[key] for row in rows)


def ratios(over, under, key):
    """Of each round."""
    return [above[key] / below[key] for above, below in zip(over, under)]


def table(rows, markdown):
    head = ("what", "figure (min to max)", "goal", "", "note")
    lines = [head] + [row.cells() for row in rows]
    if markdown:
        lines.insert(1, ("---",) * len(head))
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    widths = [max(len(line[i]) for line in lines) for i in range(len(head) - 1)]
    widths[3] = min(widths[3], 16)  # a reason may run on
    return "\n".join(("  ".join(f"{cell:{width}}" for cell, width in zip(line, widths)) + "  " + line[-1]).rstrip()
                     for line in lines)
