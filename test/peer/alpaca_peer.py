"""A plugin of pytest for llama.cpp's server tests: nothing is downloaded, and each test's outcome is told on a line."""

import os


def pytest_collection_modifyitems(items):
    import utils  # the suite's, which its conftest.py has put on the path

    utils.ServerPreset.load_all = staticmethod(lambda: None)


def pytest_runtest_logreport(report):
    name = report.nodeid.removeprefix("unit/")
    with open(os.environ["PEER_OUTCOMES"], "a", encoding="utf-8") as f:
        if report.when == "call" and report.outcome != "skipped" or report.outcome == "failed":
            print(report.outcome, name, file=f)
        elif report.outcome == "skipped":
            print("skipped", name, file=f)
