"""For the tests of the course: the same surroundings, counts and limits as in the steps."""
import pathlib
import sys

SUPPORT = pathlib.Path(__file__).parent.parent / "step04_cluster" / "tests" / "support"
sys.path.insert(0, str(SUPPORT))
import surroundings  # noqa: E402, F401  (first: it changes what the others find)
import accounts  # noqa: E402

accounts.SECONDS_FOR_A_TEST = 1200  # some of these build the steps


def pytest_configure(config):
    config.pluginmanager.register(accounts)
