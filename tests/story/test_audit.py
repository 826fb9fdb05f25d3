"""audit.log that can't be written: nobody is let in without a line of it, nobody's way in is kept for the lack of one, and no secret is
lost."""

import pathlib
import resource
import subprocess
import tempfile
import unittest

from harness import SANITIZER, program, scratch

SECRET = {"cert": r"never again: (\S+)", "client": r"\n  (lg_\S+)\n"}


class Audit(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(dir=scratch(), prefix="audit-"))
        self.do("cert", "init-ca")
        self.do("cert", "issue", "till")
        self.do("client", "add", "eshop")
        self.do("client", "rotate", "eshop")
        self.do("client", "add", "off")
        self.do("client", "disable", "off")

    def do(self, tool, deed, *arguments, code=0, words="(?s).*", largest=None):
        bound = None if largest is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        done = subprocess.run(
            [program(), tool, deed, "--dir", self.place / tool, *arguments], capture_output=True, text=True, check=False, preexec_fn=bound
        )
        self.assertEqual(done.returncode, code, (deed, done.stdout, done.stderr))
        self.assertRegex(done.stderr, words)
        self.assertIsNone(SANITIZER.search(done.stderr), done.stderr)
        return done.stdout

    def all_files(self):
        return {path: path.read_bytes() for path in self.place.rglob("*") if path.is_file() and path.name != "audit.log"}

    def block(self):
        """As root may not write it either."""
        for tool in ("cert", "client"):
            (self.place / tool / "audit.log").unlink()
            (self.place / tool / "audit.log").mkdir()

    def test_who_would_be_let_in_is_not(self):
        self.block()
        before = self.all_files()
        for tool, deed, *arguments in (
            ("cert", "issue", "kasa", "--p12"),
            ("cert", "renew", "till", "--p12"),
            ("cert", "server", "edge.lan"),
            ("client", "add", "shop"),
            ("client", "enable", "off"),
        ):
            said = self.do(tool, deed, *arguments, code=1, words=r"audit\.log: (can't be written|is not a regular file)")
            self.assertNotRegex(said, SECRET[tool])
            self.assertEqual(self.all_files(), before, (tool, deed))
        self.do("client", "rotate", "eshop", "--undo", code=1)
        before = self.all_files()
        self.do("client", "rotate", "eshop", code=1, words=r"audit\.log")
        self.assertEqual(self.all_files(), before)

    def test_no_ca_is_made(self):
        (self.place / "new").mkdir()
        (self.place / "new/audit.log").mkdir()
        done = subprocess.run([program(), "cert", "init-ca", "--dir", self.place / "new"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("audit.log", done.stderr)
        self.assertFalse((self.place / "new/ca.pem").exists())

    def test_what_takes_something_back_is_done(self):
        self.block()
        number = (self.place / "cert/crl.pem").read_bytes()
        self.assertIn("till is revoked", self.do("cert", "revoke", "till", code=1, words=r"audit\.log.*done all the same"))
        self.assertNotEqual((self.place / "cert/crl.pem").read_bytes(), number)
        self.assertIn("eshop is disabled", self.do("client", "disable", "eshop", code=1, words=r"audit\.log.*done all the same"))
        self.assertIn("one key again", self.do("client", "rotate", "eshop", "--finish", code=1, words=r"audit\.log.*done all the same"))
        self.assertIn("disabled: true", (self.place / "client/eshop.yaml").read_text())

    def test_a_full_disk_behind_the_deed_loses_no_secret(self):
        full = 1 << 24
        for tool in ("cert", "client"):
            with open(self.place / tool / "audit.log", "r+b") as file:
                file.truncate(full)  # no byte more, while all other files are small
        words = r"audit\.log: can't be written: File too large.*done all the same"
        said = self.do("cert", "issue", "kasa", "--p12", code=1, words=words, largest=full)
        self.assertRegex(said, SECRET["cert"])
        self.assertTrue((self.place / "cert/private/kasa.p12").exists())
        self.assertRegex(self.do("client", "add", "shop", code=1, words=words, largest=full), SECRET["client"])
        self.do("client", "rotate", "eshop", "--undo", code=1, words=words, largest=full)
        self.assertRegex(self.do("client", "rotate", "eshop", code=1, words=words, largest=full), SECRET["client"])
        for tool, deed, name in (("cert", "revoke", "kasa"), ("client", "disable", "shop"), ("client", "enable", "shop")):
            self.do(tool, deed, name, code=1, words=words, largest=full)


if __name__ == "__main__":
    unittest.main()
