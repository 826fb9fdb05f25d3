#!/usr/bin/env python3
"""Runs the stories against the built program: tests/story/run.py [-j N] [PATTERN ...]

LEDGERGATE_BIN names the program. Each class of stories runs in a process of its own, several at a time. Ends with the line
"N passed, N failed, N skipped"; exits 1 when anything failed. A PATTERN is a regular expression over module.Class.test names.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

LONGEST = 900  # seconds that one class of stories may take: one that hangs is a failure and keeps nothing else from being run


class Result(unittest.TestResult):
    """Keeps what happened to each test, in a form that crosses processes."""

    def __init__(self, first):
        super().__init__()
        self.first = first
        self.outcomes = []
        self.begun = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.begun = time.monotonic()

    def note(self, test, outcome, text=""):
        self.outcomes.append({"test": test.id(), "outcome": outcome, "text": text, "seconds": round(time.monotonic() - self.begun, 2)})
        if outcome == "FAIL" and self.first:
            self.stop()

    def addSuccess(self, test):
        self.note(test, "ok")

    def addSkip(self, test, reason):
        self.note(test, "skipped", reason)

    def addFailure(self, test, error):
        self.note(test, "FAIL", self._exc_info_to_string(error, test))

    def addError(self, test, error):
        self.note(test, "FAIL", self._exc_info_to_string(error, test))

    def addSubTest(self, test, subtest, error):
        if error:
            self.note(subtest, "FAIL", self._exc_info_to_string(error, test))


def all_tests():
    found = {}
    for path in sorted(HERE.glob("test_*.py")):
        for group in unittest.defaultTestLoader.loadTestsFromName(path.stem):
            for test in group:
                found.setdefault(".".join(test.id().split(".")[:2]), []).append(test.id())
    return found


def child(names, first):
    result = Result(first)
    unittest.defaultTestLoader.loadTestsFromNames(names).run(result)
    json.dump(result.outcomes, sys.stdout)


def run_class(names):
    command = [sys.executable, __file__, "--child", *names]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as child:
        try:
            said = child.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)  # with the edges that it started
            said = (f"did not end within {LONGEST} s\n".encode(), *child.communicate())
    try:
        return json.loads(said[0])
    except ValueError:
        said = b"".join(said).decode(errors="replace")
        return [{"test": name, "outcome": "FAIL", "text": said, "seconds": 0} for name in names]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("patterns", nargs="*")
    parser.add_argument("-j", "--jobs", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("-q", "--quiet", action="store_true", help="only failures and the count")
    parser.add_argument("--first", action="store_true", help="end behind the first class with a failure (with --child: behind the first failure)")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child, options.first)
    if not os.environ.get("LEDGERGATE_BIN"):
        parser.error("LEDGERGATE_BIN names no program")
    groups = []
    for names in all_tests().values():
        names = [name for name in names if not options.patterns or any(re.search(p, name) for p in options.patterns)]
        if names:
            groups.append(names)
    counts = {"ok": 0, "FAIL": 0, "skipped": 0}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for outcomes in pool.map(run_class, groups):
            for outcome in outcomes:
                counts[outcome["outcome"]] += 1
                if outcome["outcome"] == "skipped":
                    print(f"SKIP {outcome['test']}: {outcome['text']}", flush=True)
                elif outcome["outcome"] == "FAIL":
                    print(f"FAIL {outcome['test']}\n    " + outcome["text"].strip().replace("\n", "\n    "), flush=True)
                elif not options.quiet:
                    why = f": {outcome['text']}" if outcome["text"] else ""
                    print(f"{outcome['outcome']:<4} {outcome['test']} ({outcome['seconds']} s){why}", flush=True)
            if options.first and counts["FAIL"]:
                pool.shutdown(cancel_futures=True)
                break
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skipped']} skipped")
    return 1 if counts["FAIL"] or not counts["ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
