"""Edges for which the world is not as it is: the clock jumps, names hang, servers are faster than light."""

import os
import pathlib
import struct

from harness import Story, program, scratch

GOOD, FAIL, HANG, DEAD_HANG = 0, 1, 2, 3


class World(Story):
    """An edge in another world (tests/faults/other_world.c)."""

    def setUp(self):
        self.library = pathlib.Path(program()).parent / "tests" / "libother_world.so"
        if not self.library.exists():
            self.skipTest(f"{self.library} is not built")
        self.file = scratch() / f"world-{id(self)}"
        self.turn()

    def turn(self, ahead=0, names=GOOD, hasty=0, steady=0):
        """`hasty`: the port of a server whose first words (or end) arrive before the edge can send anything. `steady`: seconds by
        which the clock that is never set is ahead."""
        with open(self.file, "r+b" if self.file.exists() else "w+b") as file:
            file.write(struct.pack("=qqqq", ahead, names, hasty, steady))

    def begin(self, settings, **environment):
        world = {
            "LD_PRELOAD": str(self.library),
            "LEDGERGATE_TEST_WORLD": str(self.file),
            # A sanitizer's library wants to be the first; this one is no more than a few functions.
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0",
            # The exit leaves a thread behind that waits for a name, on purpose.
            "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", "") + ":report_thread_leaks=0",
        }
        return self.start(settings, environment=world | environment)
