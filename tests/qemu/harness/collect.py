"""The real collector (tests/collector) beside a boot."""
import importlib.util
import os
import time

from . import paths


def _module():
    path = os.path.join(paths.TOP, "tests", "collector", "collector.py")
    if not os.path.exists(path):
        raise paths.Missing(f"{path} is not there")
    spec = importlib.util.spec_from_file_location("bartizan_collector", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
