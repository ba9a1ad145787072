import pathlib
import sys

import pytest

# The helpers that start and stop real nodes.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "process"))
pytest.register_assert_rewrite("support.cluster", "support.deadline")
