"""Which suite executes which line of proxy/: measured once, kept as long as proxy/ and the suite's own file stay as they are.

A suite is what is run alone: one class of stories ("test_turns.Turns") or the wire cases ("wire"). The program was built with
-fsanitize-coverage=trace-pc and executed.c: each block that is executed marks its address in a file. The table of lines in the
program's debugging symbols then says which lines stand behind a block. What runs with an environment of its own (another machine's
programs, under systemd) marks nothing and is in no line's list.
"""

import bisect
import concurrent.futures
import json
import pathlib
import re
import subprocess
import tempfile
import time

FROM, SIZE = 0x400000, 64 << 20  # as in executed.c


class Blocks:
    """The blocks of a program, and the lines of the tree's proxy/ that each is made from."""

    def __init__(self, program, tree):
        text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], capture_output=True, text=True, check=True).stdout
        calls = re.findall(r"^ +([0-9a-f]+):\s+call +[0-9a-f]+ <__sanitizer_cov_trace_pc>$", text, re.M)
        self.starts = sorted(int(at, 16) + 5 for at in calls)  # what is marked is the address behind the call
        self.lines = [set() for _ in self.starts]
        build = pathlib.Path(program).parent
        table = subprocess.run(["objdump", "-w", "--dwarf=decodedline", program], capture_output=True, text=True, check=True).stdout
        names = {}  # as the table says it: from the top of the tree, or "" for what is not ours
        name = ""
        for line in table.split("\n"):
            if line.endswith((":", ":[++]")):
                said = line.removeprefix("CU: ").removesuffix("[++]").rstrip(":")
                if said not in names:
                    path = (build / said).resolve()
                    names[said] = str(path.relative_to(tree)) if path.is_relative_to(tree / "proxy") else ""
                name = names[said]
            elif name and (found := re.match(r"\S+ +(\d+) +0x([0-9a-f]+)", line)):
                block = bisect.bisect_right(self.starts, int(found[2], 16) + 5) - 1  # the call belongs to the block that it begins
                if block >= 0:
                    self.lines[block].add((name, int(found[1])))

    def all_lines(self):
        return sorted_by_file(set().union(*self.lines))

    def executed(self, marks):
        found = set()
        for mark in re.finditer(b"\1", marks):
            at = mark.start() + FROM
            block = bisect.bisect_left(self.starts, at)
            if block < len(self.starts) and self.starts[block] == at:
                found |= self.lines[block]
        return sorted_by_file(found)


def sorted_by_file(places):
    files = {}
    for name, line in sorted(places):
        files.setdefault(name, []).append(line)
    return files


class Map:
    """suites: for each, what it was measured of ("of"), how long it took and what it executes; "failed" when it fails on the unmutated program."""

    def __init__(self, file, proxy):
        self.file = file
        self.kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        if self.kept.get("proxy") != proxy:
            self.kept = {"proxy": proxy, "lines": {}, "suites": {}}

    def measure(self, versions, run, program, tree, say):
        """run(suite, environment) -> whether it passed. versions: for each suite what stands for the content of its file."""
        suites_kept = self.kept["suites"]
        missing = [suite for suite in versions if suites_kept.get(suite, {}).get("of") != versions[suite]]
        if not missing and self.kept["lines"]:
            return
        blocks = Blocks(program, tree)
        self.kept["lines"] = blocks.all_lines()
        say(f"measuring {len(missing)} suites over {len(blocks.starts)} blocks")

        def one(suite):
            with tempfile.NamedTemporaryFile() as marks:
                pathlib.Path(marks.name).chmod(0o666)  # an edge may be another user's
                marks.truncate(SIZE)
                environment = {"LEDGERGATE_EXECUTED": marks.name}
                began = time.monotonic()
                passed = run(suite, environment)
                seconds = time.monotonic() - began
                passed = passed or run(suite, environment)
                return suite, {"of": versions[suite], "seconds": round(seconds, 1), "failed": not passed, "executes": blocks.executed(marks.read())}

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            for suite, found in pool.map(one, missing):
                suites_kept[suite] = found
                if found["failed"]:
                    say(f"left out, fails on the unmutated program: {suite}")
                self.file.write_text(json.dumps(self.kept), encoding="utf-8")

    def suites(self, name, line, text):
        """Those that execute the line, or the nearest one above it within the function, or any of the file where no line of a function is."""
        known = self.kept["lines"].get(name, [])
        at = bisect.bisect_right(known, line) - 1
        nearest = known[at] if at >= 0 else 0
        within = nearest and not any(above.startswith("}") for above in text[nearest:line - 1])
        found = []
        for suite, entry in self.kept["suites"].items():
            lines = entry["executes"].get(name, [])
            if not entry["failed"] and (nearest in lines if within else lines):
                found.append(suite)
        return found

    def seconds(self, suite):
        return self.kept["suites"][suite]["seconds"]
