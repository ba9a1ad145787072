"""Adds up the results of tests/run and prints "N passed, N failed"; the exit code is 1 when anything failed.

usage: sum_results.py <folder> <steps that broke> <test runs that failed>
The folder holds ctest-*.xml and pytest-*.xml (JUnit) and gtest-<preset>/<program>.xml. CTest knows a GoogleTest program as
one test; its own file says how many cases it had.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def count(path):
    """(passed, failed) of one JUnit file."""
    passed = failed = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"} or case.get("status") in ("fail", "failed"):
            failed += 1
        elif "skipped" not in outcomes and case.get("status") not in ("notrun", "disabled"):
            passed += 1
    return passed, failed


def count_ctest(path, programs):
    passed = failed = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        broke = any(child.tag in ("failure", "error") for child in case) or case.get("status") == "fail"
        own = programs / f"{case.get('name')}.xml"
        cases = count(own) if own.exists() else (0, 0)
        if cases == (0, 0):
            cases = (0, 1) if broke else (1, 0)
        elif broke and cases[1] == 0:
            cases = (cases[0], 1)  # all cases passed and the program failed all the same: a leak, an abort at exit
        passed, failed = passed + cases[0], failed + cases[1]
    return passed, failed


def main():
    folder, broken_steps, failed_runs = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    counts = [count(path) for path in folder.glob("pytest-*.xml")]
    for path in folder.glob("ctest-*.xml"):
        counts.append(count_ctest(path, folder / path.stem.replace("ctest-", "gtest-")))
    passed = sum(pair[0] for pair in counts)
    failed = sum(pair[1] for pair in counts)
    # A run may fail with no failed test to show for it, for example when it found no tests at all.
    failed = max(failed, failed_runs) + broken_steps
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


sys.exit(main())
