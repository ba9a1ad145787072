#!/usr/bin/env python3
"""deploy/make-certificates: what it writes is valid and private, and what is there is never touched.

Usage: make_certificates_test.py SCRIPT
"""

import os
import stat
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.abspath(sys.argv.pop(1))


class make_certificates(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.out = os.path.join(self.folder.name, "certificates")

    def tearDown(self):
        self.folder.cleanup()

    def make(self, *arguments, out=None):
        command = [SCRIPT, "--out", out or self.out, *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=self.folder.name, timeout=60)

    def openssl(self, *arguments):
        return subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60)

    def path(self, name):
        return os.path.join(self.out, name)

    def contents(self):
        found = {}
        for name in os.listdir(self.out):
            with open(self.path(name), encoding="ascii") as file:
                found[name] = file.read()
        return found

    def assert_refused(self, *arguments, part):
        made = self.make(*arguments)
        self.assertEqual(made.returncode, 2, made)
        self.assertIn(part, made.stderr)
        self.assertEqual(made.stdout, "")

    def test_makes_an_authority_and_a_certificate_for_each_name(self):
        made = self.make("n1", "n2=10.0.0.2,db.example.org,::1")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(sorted(os.listdir(self.out)),
                         ["ca-key.pem", "ca.pem", "n1-key.pem", "n1.pem", "n2-key.pem", "n2.pem"])
        for name in ("n1", "n2"):
            for purpose in ("sslserver", "sslclient"):
                checked = self.openssl("verify", "-purpose", purpose, "-x509_strict", "-CAfile", self.path("ca.pem"),
                                       self.path(name + ".pem"))
                self.assertEqual(checked.returncode, 0, checked)
        text = self.openssl("x509", "-in", self.path("n2.pem"), "-noout", "-subject", "-ext", "subjectAltName").stdout
        self.assertIn("CN = n2", text)
        self.assertIn("IP Address:10.0.0.2, DNS:db.example.org, IP Address:0:0:0:0:0:0:0:1", text)
        text = self.openssl("x509", "-in", self.path("n1.pem"), "-noout", "-ext", "subjectAltName").stdout
        self.assertIn("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1", text)

    def test_key_and_certificate_belong_together(self):
        self.make("n1")
        of_key = self.openssl("pkey", "-in", self.path("n1-key.pem"), "-pubout").stdout
        of_certificate = self.openssl("x509", "-in", self.path("n1.pem"), "-noout", "-pubkey").stdout
        self.assertTrue(of_key.startswith("-----BEGIN PUBLIC KEY"))
        self.assertEqual(of_key, of_certificate)

    def test_nobody_else_can_read(self):
        old = os.umask(0)
        try:
            self.make("n1")
        finally:
            os.umask(old)
        self.assertEqual(stat.S_IMODE(os.stat(self.out).st_mode), 0o700)
        for name in os.listdir(self.out):
            self.assertEqual(stat.S_IMODE(os.stat(self.path(name)).st_mode) & 0o077, 0, name)

    def test_a_node_added_later_has_the_same_authority(self):
        self.make("n1")
        before = self.contents()
        made = self.make("n2")
        self.assertEqual(made.returncode, 0, made.stderr)
        after = self.contents()
        self.assertEqual({name: after[name] for name in before}, before)
        self.assertEqual(self.openssl("verify", "-CAfile", self.path("ca.pem"), self.path("n2.pem")).returncode, 0)

    def test_a_certificate_of_another_authority_does_not_verify(self):
        self.make("n1")
        other = os.path.join(self.folder.name, "other")
        self.make("n1", out=other)
        checked = self.openssl("verify", "-CAfile", self.path("ca.pem"), os.path.join(other, "n1.pem"))
        self.assertNotEqual(checked.returncode, 0)

    def test_nothing_is_overwritten(self):
        self.make("n1")
        before = self.contents()
        self.assert_refused("n2", "n1", part="n1.pem is there already")
        os.remove(self.path("n1.pem"))
        self.assert_refused("n1", part="n1-key.pem is there already")
        os.remove(self.path("ca-key.pem"))
        self.assert_refused("n3", part="half an authority")
        left = self.contents()
        self.assertEqual(left, {name: before[name] for name in left})

    def test_wrong_arguments_write_nothing(self):
        for arguments, part in (
                ((), "Usage:"),
                (("--days", "0", "n1"), "give a number from 1 to 3650"),
                (("--days", "x", "n1"), "give a number"),
                (("--days", "4000", "n1"), "give a number"),
                (("--days",), "--days needs a number"),
                (("--force", "n1"), "there is no option --force"),
                (("../n1",), "is not a name"),
                (("a b",), "is not a name"),
                (("=host",), "is not a name"),
                (("ca",), "the authority's own files"),
                (("n1", "n1"), "given twice"),
                (("n1", "n1-key"), "given twice"),
                (("n1=",), "no host"),
                (("n1=a b",), "neither an IP address nor a host name"),
                (("n1=a,,b",), "neither an IP address nor a host name"),
                (("n1=x;y",), "neither an IP address nor a host name"),
                (("n1=DNS:x",), "neither an IP address nor a host name"),
                (("n1=a\nb",), "has to be on one line"),
                (("n1", "n2=999.1.1.1"), "openssl"),
        ):
            self.assert_refused(*arguments, part=part)
            self.assertEqual(os.listdir(self.out) if os.path.isdir(self.out) else [], [], arguments)

    def test_help_goes_to_standard_output(self):
        for flag in ("--help", "-h"):
            made = subprocess.run([SCRIPT, flag], capture_output=True, text=True, timeout=60)
            self.assertEqual((made.returncode, made.stderr), (0, ""))
            self.assertIn("Usage: deploy/make-certificates", made.stdout)

    def test_folders_with_odd_names(self):
        for name in ("with space", "-dash"):
            made = self.make("n1", out=name)
            self.assertEqual(made.returncode, 0, made.stderr)
            self.assertIn("ca.pem", os.listdir(os.path.join(self.folder.name, name)))


if __name__ == "__main__":
    unittest.main()
