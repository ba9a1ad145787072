import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "crash"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "client" / "python"))

# Helpers assert as well; without this their failures would show no values.
pytest.register_assert_rewrite("support.cluster", "support.deadline")


@pytest.fixture
def make_cluster(tmp_path):
    """make_cluster(size=3, settings=None, environment=None): a cluster that is gone when the test is."""
    from support.cluster import Cluster

    made = []

    def make(**options):
        cluster = Cluster(tmp_path / f"cluster{len(made)}", **options)
        made.append(cluster)
        return cluster

    yield make
    for cluster in made:
        cluster.__exit__()
