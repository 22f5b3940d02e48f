"""A plugin of pytest for llama.cpp's server tests. It prevents downloads, and writes the outcome of each test to a file.

It also runs a test that the suite skips, because llama-server fails it: an answer is the same with a
cached prompt and without.
"""

import os
import sys

# FILES maps the name of a file that tests download to the file that stands in for it.
FILES = {"stories15M-q4_0.gguf": "s-q4_0.gguf", "moe_shakespeare15M.gguf": "glass.gguf"}


def pytest_collection_modifyitems(items):
    import utils  # this is the suite's module; its conftest.py has put it on the path

    utils.ServerPreset.load_all = staticmethod(lambda: None)
    for item in items:
        if item.name == "test_cache_vs_nocache_prompt":
            item.own_markers = [mark for mark in item.own_markers if mark.name != "skip"]
    for name, module in list(sys.modules.items()):
        if name.startswith("unit.") or name.startswith("test_") or name == "utils":
            if hasattr(module, "download_file"):
                module.download_file = local_file


def local_file(url, _=None):
    """Returns the path of the file that stands in for a file of the hub."""
    name = url.rpartition("/")[2]
    if name not in FILES:
        raise RuntimeError(f"{name} is not downloaded")
    made = os.path.join(os.environ["PEER_WORK"], FILES[name])
    return made if os.path.exists(made) else os.path.join(os.environ["ALPACA_MODELS"], FILES[name])


def pytest_runtest_logreport(report):
    name = report.nodeid.removeprefix("unit/")
    with open(os.environ["PEER_OUTCOMES"], "a", encoding="utf-8") as f:
        if report.when == "call" and report.outcome != "skipped" or report.outcome == "failed":
            print(report.outcome, name, file=f)
        elif report.outcome == "skipped":
            print("skipped", name, file=f)
