"""What a program that is built with sanitizers cannot be asked."""
import harness
import pytest

not_sanitized = pytest.mark.skipif("address" in harness.PROGRAM.parent.name,
                                   reason="the sanitizer keeps freed memory for a while")
