import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "client" / "python"))

# Helpers assert as well; without this their failures would show no values.
pytest.register_assert_rewrite("support.cluster", "support.deadline")
