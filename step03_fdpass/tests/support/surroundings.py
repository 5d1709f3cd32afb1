"""The surroundings in which the tests run are chosen here, and not found in somebody's shell.

To be imported first. HOST, PORT, http_proxy, LANG and the like change what a program does: a test that
passes here has to pass with a neighbour, too. What somebody sets on purpose, for the tests, is kept."""
import contextlib
import locale
import os
import re
import resource

_KEPT = {"PATH", "HOME", "USER", "TERM", "TMPDIR", "LD_LIBRARY_PATH",  # where things are
         "CC", "CXX", "CPPFLAGS", "CXXFLAGS", "LDFLAGS",  # how to compile
         "CLUSTER", "RUN_PRIMARY", "API", "DRIVER", "BARE_LOOP", "NODE", "CHROMIUM",  # which programs to test
         "PATIENCE", "CASE_SECONDS", "STRICT", "CI", "FLOOR", "COUNTS"}  # how to test
_KEPT_FAMILIES = ("PYTEST_XDIST", "PYTEST_CURRENT", "WRITE_", "ASAN_", "UBSAN_")

_OF_THE_NETWORK = re.compile(r"(?i).*_proxy|npm_config_.*|NODE_EXTRA_CA_CERTS|SSL_CERT_.*")
_found = dict(os.environ)
DESCRIPTORS = 4096


def _is_kept(name):
    return name in _KEPT or name.startswith(_KEPT_FAMILIES)


def choose():
    for name in set(os.environ) - set(filter(_is_kept, os.environ)):
        del os.environ[name]
    os.environ["LC_ALL"] = "C.UTF-8"
    # This process, too, reads and writes UTF-8, whatever the locale in which it was started.
    locale.setlocale(locale.LC_CTYPE, "C.UTF-8")


def with_network():
    """The environment for a program that loads something, such as npm: how this machine reaches the world."""
    return {**os.environ, **{name: value for name, value in _found.items() if _OF_THE_NETWORK.fullmatch(name)}}


def allow_many_descriptors():
    """Some tests are hundreds of clients at once, whatever `ulimit -n` a profile has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in ((DESCRIPTORS, max(hard, DESCRIPTORS)), (min(hard, DESCRIPTORS), hard)):
        if soft < DESCRIPTORS:
            with contextlib.suppress(ValueError):  # only root may have more than its hard limit
                return resource.setrlimit(resource.RLIMIT_NOFILE, limit)


choose()
allow_many_descriptors()
