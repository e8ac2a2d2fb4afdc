"""Runs one class of the system tests: run_as_root.py MODULE CLASS. Exits with 77 (skipped) without root."""

import os
import sys
import unittest

if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: network namespaces need root")
        sys.exit(77)
    unittest.main(module=None, argv=["system", f"{sys.argv[1]}.{sys.argv[2]}"], verbosity=2)
